#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/extract.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/parameters.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using model::SearchType;

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool IsListed(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const std::string_view head = list.substr(0, list.find(','));
    if (head == item) return true;
    list.remove_prefix(std::min(head.size() + 1, list.size()));
  }
  return false;
}

// Whether the index holds values of the parameter.
bool IsIndexed(const model::SearchParameter& definition) { return !definition.expression.empty(); }

std::string KnownCodes(std::string_view type) {
  std::string codes;
  for (const model::SearchParameter* parameter : model::R4Search().ForType(type)) {
    if (!IsIndexed(*parameter)) continue;
    codes.append(codes.empty() ? "" : ", ").append(parameter->code);
  }
  return codes;
}

}  // namespace

QueryParser::QueryParser(std::string_view type, ParseContext* context, Issues* issues, Query* query,
                         std::size_t depth)
    : context_(context), issues_(issues), query_(query), depth_(depth) {
  query_->type = type;
  query_->base_url = context_->base_url;
  query_->type_number = layout::TypeNumberOf(type);
}

bool QueryParser::Refuse(std::string_view code, std::string diagnostics) {
  issues_->Add(code, name_, std::move(diagnostics));
  return false;
}

// Of what the store has no rows for: by those that find the same together.
void QueryParser::ReplaceCovered(Clause* clause) const {
  if (context_->view->has_covered()) return;
  std::vector<Criterion> any;
  for (Criterion& criterion : clause->any) {
    const auto by = index::CoveredBy(query_->type_number, criterion.parameter);
    for (const ParameterNumber parameter : by) {
      any.push_back(criterion);
      any.back().parameter = parameter;
    }
    if (by.empty()) any.push_back(std::move(criterion));
  }
  clause->any = std::move(any);
}

bool QueryParser::Push(Clause clause) {
  if (query_->clauses.size() >= kMaxClauses) {
    return Refuse("too-costly",
                  "a search has at most " + std::to_string(kMaxClauses) + " parameters");
  }
  clause.name = name_;
  ReplaceCovered(&clause);
  query_->clauses.push_back(std::move(clause));
  return true;
}

bool QueryParser::Add(std::string_view name, std::string_view value) {
  name_ = name;
  if (value.empty()) {
    return Refuse("invalid", "parameter " + Quoted(name) + " has no value");
  }
  if (value.size() > kMaxValueBytes) {
    return Refuse("too-long", "the value of " + Quoted(name) + " is longer than " +
                                  std::to_string(kMaxValueBytes) + " bytes");
  }
  if (name == "_type") {
    return Refuse("invalid", "_type belongs to a search of all types: GET [base]?_type=Patient");
  }
  if (name.starts_with("_has:")) return AddHas(name, value);
  if (depth_ == 0 && (name.starts_with("_include") || name.starts_with("_revinclude"))) {
    return AddInclude(name, value);
  }
  const ParameterName parsed = ParseName(name);
  if (depth_ == 0 && parsed.chain.empty() && parsed.modifier.empty() &&
      IsListed("_count,_total,_summary,_elements,_sort", parsed.code)) {
    return AddControl(parsed.code, value);
  }
  if (IsSpecial(parsed.code)) {
    if (parsed.chain.empty() && parsed.modifier.empty()) return AddSpecial(parsed.code, value);
    return Refuse("not-supported", Quoted(parsed.code) + " has no modifiers and no chains");
  }
  if (parsed.code == "_id" && parsed.chain.empty()) return AddId(parsed.modifier, value);
  const model::SearchParameter* definition = FindParameter(parsed.code);
  if (definition == nullptr) return false;
  if (!parsed.chain.empty()) return AddChain(*definition, parsed.modifier, parsed.chain, value);
  if (!CheckModifier(*definition, parsed.modifier)) return false;
  if (parsed.modifier == "missing") {
    return AddMissing(index::NumberOf(*definition), value);
  }
  if (definition->type == SearchType::kReference &&
      (parsed.modifier == "above" || parsed.modifier == "below")) {
    return AddHierarchy(*definition, parsed.modifier, value);
  }
  if (definition->type == SearchType::kToken && IsTerminologyModifier(parsed.modifier)) {
    return AddTerminology(*definition, parsed.modifier, value);
  }
  return AddIndexed(*definition, parsed.modifier, value);
}

const model::SearchParameter* QueryParser::FindParameter(std::string_view code) {
  const model::SearchParameter* definition = model::R4Search().Find(query_->type, code);
  if (definition != nullptr && IsIndexed(*definition)) return definition;
  if (const model::CustomParameter* custom = FindCustom(*context_->view, query_->type, code)) {
    if (custom->active) return &custom->definition;
    Refuse("transient", custom->NotReady());
    return nullptr;
  }
  const std::string_view reason =
      definition == nullptr ? " is not known for " : " is not supported for ";
  Refuse("not-supported", "search parameter " + Quoted(code) + std::string(reason) + query_->type +
                              "; supported are " + KnownCodes(query_->type));
  return nullptr;
}

bool QueryParser::CheckModifier(const model::SearchParameter& definition,
                                std::string_view modifier) {
  if (modifier.empty() || modifier == "missing") return true;
  const std::string_view allowed = ModifiersOf(definition.type);
  if (IsListed(allowed, modifier)) return true;
  if (definition.type == SearchType::kReference && layout::TypeNumberOf(modifier) != 0 &&
      MayReferTo(definition, modifier)) {
    return true;
  }
  return Refuse("not-supported", "modifier " + Quoted(modifier) + " is not supported for " +
                                     Quoted(definition.code) + " of type " +
                                     std::string(model::SearchTypeName(definition.type)) +
                                     "; supported are missing" +
                                     (allowed.empty() ? "" : "," + std::string(allowed)));
}

bool QueryParser::AddId(std::string_view modifier, std::string_view value) {
  if (!modifier.empty()) {
    return Refuse("not-supported", "_id has no modifier " + Quoted(modifier));
  }
  Clause clause;
  clause.by_id = true;
  for (const std::string_view id : SplitEscaped(value, ',')) {
    if (id.empty() || id.find_first_of("|/\\ ") != std::string_view::npos) {
      return Refuse("invalid", "_id should be ids, separated by commas");
    }
    clause.ids.emplace_back(id);
  }
  if (clause.ids.size() > kMaxValues) {
    return Refuse("too-costly", "at most " + std::to_string(kMaxValues) + " values are allowed");
  }
  return Push(std::move(clause));
}

bool QueryParser::AddMissing(ParameterNumber parameter, std::string_view value) {
  if (value != "true" && value != "false") {
    return Refuse("invalid", "the value of " + Quoted(name_) + " should be true or false");
  }
  const bool missing = value == "true";
  Clause present;
  present.negated = missing;
  present.any.emplace_back().parameter = parameter;
  present.any.front().spans = {ValueSpan{}};
  if (!context_->view->has_derived() || !index::TellsAbsence(query_->type_number, parameter)) {
    return Push(std::move(present));
  }
  Clause absent;
  absent.negated = !missing;
  absent.any = {Criterion::Exact(index::AbsenceNumber(),
                                 index::AbsenceOf(parameter, index::Absence::kMissing))};
  // Leads where few have it.
  present.hint = true;
  return (missing || Push(std::move(present))) && Push(std::move(absent));
}

Subject QueryParser::SubjectOf(const model::SearchParameter& definition,
                               std::string_view modifier) const {
  const ParameterNumber number = index::NumberOf(definition);
  const bool has_texts =
      context_->view->has_derived() && index::HasTexts(query_->type_number, number);
  return {&definition,        number,       modifier, context_->now_us,
          context_->base_url, query_->type, has_texts};
}

bool QueryParser::AddIndexed(const model::SearchParameter& definition, std::string_view modifier,
                             std::string_view value) {
  const auto values = SplitEscaped(value, ',');
  if (values.size() > kMaxValues) {
    return Refuse("too-costly",
                  Quoted(name_) + " has more than " + std::to_string(kMaxValues) + " values");
  }
  const Subject subject = SubjectOf(definition, modifier);
  Clause clause;
  clause.negated = modifier == "not";
  for (const std::string_view one : values) {
    Result<std::vector<Criterion>> criteria =
        one.empty() ? InvalidArgument("a value is empty") : CompileValue(subject, one);
    if (!criteria.ok()) {
      return Refuse("invalid", "value of " + Quoted(name_) + ": " + criteria.status().message());
    }
    std::move(criteria->begin(), criteria->end(), std::back_inserter(clause.any));
  }
  return Push(std::move(clause));
}

std::shared_ptr<const Query> QueryParser::Inner(std::string_view type, std::string_view name,
                                                std::string_view value, Issues* issues) const {
  auto inner = std::make_shared<Query>();
  QueryParser parser(type, context_, issues, inner.get(), depth_ + 1);
  if (!parser.Add(name, value)) return nullptr;
  return inner;
}

bool QueryParser::AddChain(const model::SearchParameter& definition, std::string_view type,
                           std::string_view rest, std::string_view value) {
  if (definition.type != SearchType::kReference) {
    return Refuse("invalid", Quoted(definition.code) + " is no reference, nothing can follow it");
  }
  if (depth_ >= kMaxChainDepth) return Refuse("too-costly", "the chain is too long");
  if (!type.empty() && !MayReferTo(definition, type)) {
    return Refuse("invalid", Quoted(definition.code) + " does not refer to " + Quoted(type) +
                                 "; it refers to " + std::string(definition.targets));
  }
  if (type.empty() && definition.targets.empty()) {
    return Refuse("invalid", Quoted(definition.code) +
                                 " is defined without targets: say which type, as in " +
                                 std::string(definition.code) + ":Patient.name");
  }
  Clause clause;
  Issues faults;
  // Without a type all targets that have the parameter are meant.
  for (const std::string_view target :
       type.empty() ? TargetsOf(definition, query_->type) : std::vector{type}) {
    std::shared_ptr<const Query> inner = Inner(target, rest, value, &faults);
    if (inner == nullptr) continue;
    clause.joins.push_back({index::NumberOf(definition), std::string(target),
                            /*reverse=*/false, std::move(inner)});
  }
  if (clause.joins.empty()) {
    return Refuse("invalid", "chain " + Quoted(name_) + ": " + faults.AsError().message());
  }
  return Push(std::move(clause));
}

bool QueryParser::AddHas(std::string_view name, std::string_view value) {
  const HasName has = ParseHas(name);
  if (has.type.empty() || layout::TypeNumberOf(has.type) == 0) {
    return Refuse("invalid", "_has should be _has:Type:reference:parameter");
  }
  if (depth_ >= kMaxChainDepth) return Refuse("too-costly", "the chain is too long");
  const model::CustomParameter* custom = FindCustom(*context_->view, has.type, has.reference);
  if (custom != nullptr && !custom->active) return Refuse("transient", custom->NotReady());
  const model::SearchParameter* reference = FindReady(*context_->view, has.type, has.reference);
  if (reference == nullptr || reference->type != SearchType::kReference) {
    return Refuse("invalid",
                  Quoted(has.reference) + " is no reference parameter of " + std::string(has.type));
  }
  if (!MayReferTo(*reference, query_->type)) {
    return Refuse("invalid", Quoted(has.reference) + " of " + std::string(has.type) +
                                 " does not refer to " + query_->type);
  }
  Issues faults;
  std::shared_ptr<const Query> inner = Inner(has.type, has.rest, value, &faults);
  if (inner == nullptr) return Refuse("invalid", "_has: " + faults.AsError().message());
  Clause clause;
  clause.joins.push_back({index::NumberOf(*reference), std::string(has.type),
                          /*reverse=*/true, std::move(inner)});
  return Push(std::move(clause));
}

bool QueryParser::AddCompartment(std::string_view type, std::string_view id) {
  name_ = type;
  const std::string_view compartment = type;
  std::string_view codes = model::R4Search().CompartmentParameters(compartment, query_->type);
  Clause clause;
  if (compartment == query_->type) clause.ids.emplace_back(id);
  if (codes.empty() && clause.ids.empty()) {
    return Refuse("not-supported", query_->type + " is not part of the compartment of a " +
                                       std::string(compartment));
  }
  clause.by_id = !clause.ids.empty();
  while (!codes.empty()) {
    const std::string_view code = codes.substr(0, codes.find(','));
    codes.remove_prefix(std::min(code.size() + 1, codes.size()));
    const ParameterNumber number = layout::ParameterNumberOf(code);
    if (number == 0) continue;
    clause.any.push_back(ReferenceTo(number, compartment, id));
    if (!context_->base_url.empty()) {
      clause.any.push_back(OwnReferenceTo(number, context_->base_url, compartment, id));
    }
  }
  return Push(std::move(clause));
}

}  // namespace strata::fhir::search
