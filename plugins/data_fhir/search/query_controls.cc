// The parameters that shape the answer (FHIR R4 search.html#Result_Parameters).

#include <algorithm>
#include <charconv>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/parameters.h"
#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

std::string_view TakeUntil(std::string_view* text, char separator) {
  const std::string_view head = text->substr(0, text->find(separator));
  text->remove_prefix(std::min(head.size() + 1, text->size()));
  return head;
}

}  // namespace

bool QueryParser::AddControl(std::string_view name, std::string_view value) {
  if (name == "_count") return AddCount(value);
  if (name == "_total") return AddTotal(value);
  if (name == "_summary") return AddSummary(value);
  if (name == "_elements") return AddElements(value);
  return AddSort(value);
}

bool QueryParser::AddCount(std::string_view value) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc() || end != value.data() + value.size()) {
    return Refuse("invalid", "_count should be a number, 0 or more");
  }
  query_->count = std::min(count, kMaxPage);
  return true;
}

bool QueryParser::AddTotal(std::string_view value) {
  if (value == "none") query_->total = Total::kNone;
  if (value == "estimate") query_->total = Total::kEstimate;
  if (value == "accurate") query_->total = Total::kAccurate;
  return query_->total != Total::kUnspecified ||
         Refuse("invalid", "_total should be none, estimate or accurate");
}

bool QueryParser::AddSummary(std::string_view value) {
  const Status status = query_->subset.AddSummary(value);
  if (!status.ok()) return Refuse("invalid", "_summary: " + std::string(status.message()));
  if (query_->subset.summary() == subset::Summary::kCount) query_->count = 0;
  return true;
}

bool QueryParser::AddElements(std::string_view value) {
  const std::string_view type = context_->many_types ? std::string_view() : query_->type;
  const Status status = query_->subset.AddElements(value, type);
  return status.ok() || Refuse("invalid", "_elements: " + std::string(status.message()));
}

bool QueryParser::AddSort(std::string_view value) {
  const std::size_t before = query_->sort.size();
  for (const std::string_view key : SplitEscaped(value, ',')) {
    if (query_->sort.size() < kMaxSortKeys && AddSortKey(key)) continue;
    if (query_->sort.size() >= kMaxSortKeys) Refuse("too-costly", "_sort has too many keys");
    query_->sort.resize(before);
    return false;
  }
  return true;
}

bool QueryParser::AddSortKey(std::string_view key) {
  SortKey sort;
  sort.descending = key.starts_with('-');
  if (sort.descending) key.remove_prefix(1);
  if (key == "_id") {
    sort.by = SortKey::By::kId;
    if (context_->view->has_id_order()) sort.parameter = index::IdOrderNumber();
    query_->sort.push_back(sort);
    return true;
  }
  const model::SearchParameter* definition = FindParameter(key);
  if (definition == nullptr) return false;
  if (definition->type == SearchType::kComposite || definition->type == SearchType::kSpecial) {
    return Refuse("not-supported", "_sort by a parameter of type " +
                                       std::string(model::SearchTypeName(definition->type)) +
                                       " is not supported");
  }
  sort.parameter = index::NumberOf(*definition);
  sort.type = definition->type;
  query_->sort.push_back(sort);
  return true;
}

bool QueryParser::AddInclude(std::string_view name, std::string_view value) {
  Include include;
  const std::string_view kind = TakeUntil(&name, ':');
  include.reverse = kind == "_revinclude";
  include.iterate = name == "iterate" || name == "recurse";
  if ((kind != "_include" && kind != "_revinclude") || (!name.empty() && !include.iterate)) {
    return Refuse("not-supported", "this should be _include or _revinclude, with :iterate or not");
  }
  include.source = TakeUntil(&value, ':');
  const std::string_view code = TakeUntil(&value, ':');
  include.target = value;
  if (include.source == "*" && (code.empty() || code == "*")) {
    include.source.clear();
    query_->includes.push_back(std::move(include));
    return true;
  }
  if (layout::TypeNumberOf(include.source) == 0) {
    return Refuse("invalid", "the value should be Type:parameter or Type:parameter:target");
  }
  if (!include.target.empty() && layout::TypeNumberOf(include.target) == 0) {
    return Refuse("invalid", "the target is no resource type");
  }
  if (code != "*") {
    const model::CustomParameter* custom = FindCustom(*context_->view, include.source, code);
    if (custom != nullptr && !custom->active) return Refuse("transient", custom->NotReady());
    const model::SearchParameter* definition = FindReady(*context_->view, include.source, code);
    if (definition == nullptr || definition->type != SearchType::kReference) {
      return Refuse("invalid",
                    "'" + std::string(code) + "' is no reference parameter of " + include.source);
    }
    include.reference = index::NumberOf(*definition);
  }
  query_->includes.push_back(std::move(include));
  return true;
}

}  // namespace strata::fhir::search
