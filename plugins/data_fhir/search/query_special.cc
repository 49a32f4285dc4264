// Parameters of every type that are no values of an element: _text, _content, _list and those that
// this server refuses, with the reason (FHIR R4 search.html#content, #list, #contained, #query).

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/index/words.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/logic.h"
#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/search/resource_check.h"
#include "plugins/data_fhir/search/text.h"
#include "plugins/data_fhir/search/text_query.h"

namespace strata::fhir::search {
namespace {

// Values joined by commas: any of them.
Result<TextQuery> AnyText(std::string_view value) {
  TextQuery any;
  any.kind = TextQuery::Kind::kAny;
  for (const std::string_view one : SplitEscaped(value, ',')) {
    STRATA_ASSIGN_OR_RETURN(TextQuery part, ParseTextQuery(Unescape(one)));
    any.parts.push_back(std::move(part));
  }
  return any.parts.size() == 1 ? std::move(any.parts.front()) : std::move(any);
}

Logic HasWord(std::string_view word, bool prefix) {
  static const auto number = layout::ParameterNumberOf(index::kNarrativeCode);
  Clause clause;
  if (prefix) {
    Criterion& criterion = clause.any.emplace_back();
    criterion.parameter = number;
    criterion.spans = {StartingWith(index::WordStart(word))};
  } else {
    clause.any = {Criterion::Exact(number, index::WordValue(word))};
  }
  return Logic::Is(std::move(clause));
}

// A phrase is its words, and a look whether they stand side by side.
Logic NarrativeHas(const TextQuery& query) {
  std::vector<Logic> parts;
  for (const TextQuery& part : query.parts) parts.push_back(NarrativeHas(part));
  switch (query.kind) {
    case TextQuery::Kind::kAll:
      return Logic::All(std::move(parts));
    case TextQuery::Kind::kAny:
      return Logic::Any(std::move(parts));
    case TextQuery::Kind::kNot:
      return Logic::Not(std::move(parts.front()));
    case TextQuery::Kind::kWords:
      break;
  }
  for (const std::string& word : query.words) {
    parts.push_back(HasWord(word, query.prefix && &word == &query.words.back()));
  }
  if (parts.size() == 1) return std::move(parts.front());
  Clause phrase;
  phrase.any = {LookAt(
      [query](json::Value resource) { return query.Matches(index::NarrativeWords(resource)); })};
  parts.push_back(Logic::Is(std::move(phrase)));
  return Logic::All(std::move(parts));
}

struct Refused {
  std::string_view name;
  std::string_view reason;
};
constexpr std::array<Refused, 2> kRefused = {{
    {"_query", "there are no named queries here"},
    {"_containedType", "contained resources are not searched, so _containedType has no meaning"},
}};

}  // namespace

bool QueryParser::IsSpecial(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {
      "_text", "_content", "_list", "_filter", "_contained", "_containedType", "_query"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool QueryParser::AddSpecial(std::string_view name, std::string_view value) {
  if (name == "_text") return AddText(value);
  if (name == "_content") return AddContent(value);
  if (name == "_list") return AddList(value);
  if (name == "_filter") return AddFilter(value);
  if (name == "_contained") {
    return value == "false" ||
           Refuse("not-supported",
                  "contained resources are found with the resource that holds them only: "
                  "_contained can be false");
  }
  for (const Refused& refused : kRefused) {
    if (refused.name == name) return Refuse("not-supported", std::string(refused.reason));
  }
  return false;
}

bool QueryParser::PushAll(const Logic& logic) {
  Result<std::vector<Clause>> clauses =
      AsClauses(logic, query_->type_number, index::ExtractorOf(*context_->view));
  if (!clauses.ok()) {
    const bool costly = clauses.status().code() == Code::kResourceExhausted;
    return Refuse(costly ? "too-costly" : "not-supported", clauses.status().message());
  }
  return std::all_of(clauses->begin(), clauses->end(),
                     [&](Clause& clause) { return Push(std::move(clause)); });
}

bool QueryParser::AddText(std::string_view value) {
  const model::SearchParameter* defined = model::R4Search().Find(query_->type, "_text");
  if (defined == nullptr) return Refuse("not-supported", query_->type + " has no narrative");
  const Result<TextQuery> text = AnyText(value);
  if (!text.ok()) return Refuse("invalid", "_text: " + std::string(text.status().message()));
  return PushAll(NarrativeHas(*text));
}

bool QueryParser::AddContent(std::string_view value) {
  Result<TextQuery> text = AnyText(value);
  if (!text.ok()) return Refuse("invalid", "_content: " + std::string(text.status().message()));
  Clause clause;
  clause.looks_left = std::make_shared<std::size_t>(kMaxLooked);
  clause.any = {LookAt([text = *std::move(text)](json::Value resource) {
    return text.Matches(index::ContentWords(resource));
  })};
  return Push(std::move(clause));
}

bool QueryParser::AddList(std::string_view value) {
  Clause clause;
  clause.by_id = true;
  for (std::string_view id : SplitEscaped(value, ',')) {
    if (id.starts_with("$current-")) {
      return Refuse("not-supported",
                    "lists such as $current-problems are not kept here: name a "
                    "List by its id");
    }
    if (id.starts_with("List/")) id.remove_prefix(5);
    auto list = context_->source.ById("List", id);
    if (!list.ok()) {
      context_->failure = list.status();
      return false;
    }
    if (!*list) continue;
    for (const json::Value entry : (*list)->root()["entry"].elements()) {
      if (entry["deleted"].bool_value()) continue;
      const std::string_view reference =
          WithoutBase(entry["item"]["reference"].string(), context_->base_url);
      const auto target = index::ParseReference(reference);
      if (!target || target->absolute || target->type != query_->type) continue;
      clause.ids.emplace_back(target->id);
    }
  }
  return Push(std::move(clause));
}

}  // namespace strata::fhir::search
