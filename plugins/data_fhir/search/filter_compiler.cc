#include "plugins/data_fhir/search/filter_compiler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/parameters.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

bool IsOneOf(std::string_view op, std::string_view list) {
  const auto ops = SplitEscaped(list, ',');
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

bool IsTerminology(std::string_view op) { return IsOneOf(op, "in,ni,ss,sb"); }

std::string_view Operators(SearchType type) {
  switch (type) {
    case SearchType::kString:
      return "eq,ne,co,sw,ew,pr";
    case SearchType::kToken:
      return "eq,ne,co,sw,ew,in,ni,ss,sb,pr";
    case SearchType::kDate:
      return "eq,ne,gt,lt,ge,le,ap,sa,eb,po,pr";
    case SearchType::kNumber:
    case SearchType::kQuantity:
      return "eq,ne,gt,lt,ge,le,ap,sa,eb,pr";
    case SearchType::kReference:
      return "eq,ne,re,pr";
    case SearchType::kUri:
      return "eq,ne,co,sw,ew,ss,sb,pr";
    case SearchType::kComposite:
    case SearchType::kSpecial:
      break;
  }
  return "eq,pr";
}

bool HasPrefixes(SearchType type) {
  return type == SearchType::kDate || type == SearchType::kNumber || type == SearchType::kQuantity;
}

// A test as questions to the index.
Result<Criteria> CriteriaOf(Subject subject, std::string_view op, const std::string& value) {
  const SearchType type = subject.definition->type;
  if (op == "po") return CompileOverlap(subject, value);
  if (HasPrefixes(type)) return CompileValue(subject, std::string(op) + value);
  if (type == SearchType::kString && op == "co") subject.modifier = "contains";
  if (type == SearchType::kUri && (op == "sw" || op == "ss")) subject.modifier = "below";
  if (type == SearchType::kUri && op == "sb") subject.modifier = "above";
  const bool is_text = type == SearchType::kString || type == SearchType::kToken;
  if (is_text && IsOneOf(op, "eq,ew,co,sw") &&
      !(type == SearchType::kToken ? op == "eq" : IsOneOf(op, "co,sw"))) {
    return CompilePart(subject, op, value);
  }
  if (type == SearchType::kUri && IsOneOf(op, "co,ew")) return CompilePart(subject, op, value);
  if (op != "ne") return CompileValue(subject, value);
  const bool string = type == SearchType::kString;
  STRATA_ASSIGN_OR_RETURN(
      Criteria equal, string ? CompilePart(subject, "eq", value) : CompileValue(subject, value));
  Criterion unequal;
  unequal.parameter = subject.parameter;
  unequal.spans = {ValueSpan{}};
  unequal.matches = [equal = std::move(equal)](std::string_view bytes) {
    return !bytes.empty() &&
           std::none_of(equal.begin(), equal.end(),
                        [&](const Criterion& criterion) { return criterion.Accepts(bytes); });
  };
  return Criteria{std::move(unequal)};
}

}  // namespace

std::nullopt_t FilterCompiler::Deny(const std::string& diagnostics) {
  parser_.Refuse("invalid", "_filter: " + diagnostics);
  return std::nullopt;
}

std::optional<Logic> FilterCompiler::Compile(const Filter& filter) {
  if (filter.kind == Filter::Kind::kTest) {
    std::optional<Clause> clause = Test(filter, 0);
    if (!clause) return std::nullopt;
    clause->name = parser_.name_;
    parser_.ReplaceCovered(&*clause);
    return Logic::Is(*std::move(clause));
  }
  std::vector<Logic> parts;
  for (const Filter& part : filter.parts) {
    std::optional<Logic> compiled = Compile(part);
    if (!compiled) return std::nullopt;
    parts.push_back(*std::move(compiled));
  }
  if (filter.kind == Filter::Kind::kNot) return Logic::Not(std::move(parts.front()));
  return filter.kind == Filter::Kind::kAll ? Logic::All(std::move(parts))
                                           : Logic::Any(std::move(parts));
}

std::optional<Clause> FilterCompiler::Test(const Filter& filter, std::size_t at) {
  const ParameterName name = ParseName(filter.path[at].name);
  const bool last = at + 1 == filter.path.size();
  if (last && name.code == "_id" && name.modifier.empty()) return Id(filter);
  const model::SearchParameter* definition = parser_.FindParameter(name.code);
  if (definition == nullptr) return std::nullopt;
  if (!last) return Chain(filter, at, *definition, name.modifier);
  if (!name.modifier.empty()) return Deny("a parameter that is tested has no modifier");
  if (!IsOneOf(filter.op, Operators(definition->type))) {
    return Deny("'" + filter.op + "' is no test of '" + std::string(name.code) + "' of type " +
                std::string(model::SearchTypeName(definition->type)) + "; allowed are " +
                std::string(Operators(definition->type)));
  }
  const auto number = index::NumberOf(*definition);
  if (filter.op == "pr") return Present(number, filter.value);
  if (definition->type == SearchType::kToken && IsTerminology(filter.op)) {
    return Codes(number, filter);
  }
  return Compare(*definition, filter);
}

std::optional<Clause> FilterCompiler::Chain(const Filter& filter, std::size_t at,
                                            const model::SearchParameter& definition,
                                            std::string_view type) {
  if (definition.type != SearchType::kReference) {
    return Deny("'" + std::string(definition.code) + "' is no reference, nothing can follow it");
  }
  if (parser_.depth_ >= kMaxChainDepth) return Deny("the path is too long");
  Clause clause;
  Issues faults;
  for (const std::string_view target : TargetsOf(definition, parser_.query_->type)) {
    if (!type.empty() && type != target) continue;
    auto inner = std::make_shared<Query>();
    QueryParser parser(target, parser_.context_, &faults, inner.get(), parser_.depth_ + 1);
    parser.name_ = parser_.name_;
    FilterCompiler compiler(parser);
    if (const auto& within = filter.path[at].filter) {
      const std::optional<Logic> narrowed = compiler.Compile(*within);
      if (!narrowed || !parser.PushAll(*narrowed)) continue;
    }
    std::optional<Clause> rest = compiler.Test(filter, at + 1);
    if (!rest || !parser.Push(*std::move(rest))) continue;
    clause.joins.push_back({index::NumberOf(definition), std::string(target),
                            /*reverse=*/false, std::move(inner)});
  }
  if (!clause.joins.empty()) return clause;
  if (faults.empty()) return Deny("a path leads to a type that its parameter does not refer to");
  return Deny(faults.AsError().message());
}

std::optional<Clause> FilterCompiler::Present(layout::ParameterNumber parameter,
                                              std::string_view value) {
  if (value != "true" && value != "false") return Deny("pr takes true or false");
  Clause clause;
  clause.negated = value == "false";
  Criterion& present = clause.any.emplace_back();
  present.parameter = parameter;
  present.spans = {ValueSpan{}};
  return clause;
}

std::optional<Clause> FilterCompiler::Id(const Filter& filter) {
  if (filter.op != "eq" && filter.op != "ne") return Deny("_id can be tested with eq and ne");
  Clause clause;
  clause.by_id = true;
  clause.negated = filter.op == "ne";
  clause.ids = {filter.value};
  return clause;
}

std::optional<Clause> FilterCompiler::Codes(layout::ParameterNumber parameter,
                                            const Filter& filter) {
  // ss: the value subsumes what is there; sb: it is subsumed by it.
  const std::string_view modifier = filter.op == "ss"   ? "below"
                                    : filter.op == "sb" ? "above"
                                                        : "in";
  const Result<terminology::CodeSet> codes = parser_.CodesOf(modifier, filter.value);
  if (!codes.ok()) {
    parser_.context_->failure = parser_.context_->source.failure();
    return Deny(codes.status().message());
  }
  Clause clause;
  clause.negated = filter.op == "ni";
  clause.any = search::CriteriaOf(parameter, *codes);
  return clause;
}

std::optional<Clause> FilterCompiler::Compare(const model::SearchParameter& definition,
                                              const Filter& filter) {
  const Subject subject = parser_.SubjectOf(definition, /*modifier=*/{});
  Result<Criteria> criteria = CriteriaOf(subject, filter.op, filter.value);
  if (!criteria.ok()) {
    return Deny("value of '" + std::string(definition.code) + "': " + criteria.status().message());
  }
  Clause clause;
  clause.any = *std::move(criteria);
  return clause;
}

bool QueryParser::AddFilter(std::string_view value) {
  const Result<Filter> filter = ParseFilter(value);
  if (!filter.ok()) return Refuse("invalid", "_filter: " + filter.status().message());
  const std::optional<Logic> logic = FilterCompiler(*this).Compile(*filter);
  return logic && PushAll(*logic);
}

}  // namespace strata::fhir::search
