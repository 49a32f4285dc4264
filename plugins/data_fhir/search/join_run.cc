#include "plugins/data_fhir/search/join_run.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/resource_check.h"
#include "plugins/data_fhir/search/stored_source.h"

namespace strata::fhir::search {
namespace {

// What each resource that the inner query found costs, in rows: to look at it for what it refers
// to, or to seek the references to it.
constexpr std::uint64_t kWorkPerReferrer = 16;
constexpr std::uint64_t kWorkPerTarget = 8;

Status TooMany(std::string_view what) {
  return SearchFault(Code::kResourceExhausted, "too-costly",
                     std::string(what) + " leads through more than " + std::to_string(kMaxJoined) +
                         " resources; narrow it");
}

// Shows the ids that the references of a parameter name, of one type of this store.
template <typename Take>
void VisitReferences(const layout::View& view, layout::TypeNumber source, json::Value resource,
                     layout::ParameterNumber parameter, std::string_view type,
                     std::string_view base_url, const Take& take) {
  index::ExtractorOf(view).VisitElements(
      source, resource, {&parameter, 1}, [&](const index::Conversion&, json::Value element) {
        const auto target =
            index::ParseReference(WithoutBase(element["reference"].string(), base_url));
        if (target && !target->absolute && target->type == type) take(target->id);
      });
}

void SortUnique(std::vector<ResourceName>* names) {
  std::sort(names->begin(), names->end(),
            [](const ResourceName& a, const ResourceName& b) { return a.id < b.id; });
  names->erase(
      std::unique(names->begin(), names->end(),
                  [](const ResourceName& a, const ResourceName& b) { return a.id == b.id; }),
      names->end());
}

}  // namespace

JoinRun::JoinRun(layout::View& view, layout::TypeNumber type, const Join& join, Trace* trace)
    : view_(view), type_(type), join_(join), inner_(view, *join.inner, trace) {}

Status JoinRun::Prepare() {
  if (std::exchange(prepared_, true)) return {};
  return inner_.Prepare();
}

Result<bool> JoinRun::Resolve(std::uint64_t work, std::vector<Criterion>* criteria,
                              Numbers* numbers) {
  STRATA_RETURN_IF_ERROR(Prepare());
  if (!found_) {
    Numbers found;
    STRATA_ASSIGN_OR_RETURN(const bool all, inner_.AllWithin(work, &found));
    if (!all) return false;
    found_ = std::move(found);
  }
  if (found_->size() > work / (join_.reverse ? kWorkPerReferrer : kWorkPerTarget)) return false;
  if (found_->size() > kMaxJoined) return TooMany(join_.reverse ? "_has" : "the chain");
  STRATA_RETURN_IF_ERROR(join_.reverse ? ReferredFrom(*found_, numbers)
                                       : ReferencesTo(*found_, criteria));
  resolved_ = true;
  return true;
}

// Whether some references are written as URLs, which may be this server's.
Result<bool> JoinRun::HasUrls() {
  if (BaseUrl().empty()) return false;
  return HasRows(view_, layout::IndexPrefix(type_, join_.reference, index::kAbsoluteReferences));
}

// Chain: references to what the inner query found.
Status JoinRun::ReferencesTo(const Numbers& inner, std::vector<Criterion>* criteria) {
  STRATA_ASSIGN_OR_RETURN(const bool by_url, HasUrls());
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr) return {};
    const std::string_view id = resource.header->id;
    criteria->push_back(ReferenceTo(join_.reference, join_.type, id));
    if (by_url) {
      criteria->push_back(OwnReferenceTo(join_.reference, BaseUrl(), join_.type, id));
    }
    return {};
  };
  STRATA_RETURN_IF_ERROR(view_.ReadResources(inner, /*with_json=*/false, each));
  inner_.Note("chain", join_.type, inner.size(), criteria->size());
  return {};
}

// _has: what the resources that the inner query found refer to.
Status JoinRun::ReferredFrom(const Numbers& inner, Numbers* numbers) {
  const layout::TypeNumber source = layout::TypeNumberOf(join_.type);
  const std::string_view type = layout::TypeNameOf(type_);
  std::vector<ResourceName> names;
  ResourceCheck check(view_, source);
  STRATA_RETURN_IF_ERROR(check.ForEach(inner, [&](std::size_t, json::Value resource) {
    VisitReferences(view_, source, resource, join_.reference, type, BaseUrl(),
                    [&](std::string_view id) {
                      names.push_back({std::string(type), std::string(id)});
                    });
  }));
  SortUnique(&names);
  STRATA_ASSIGN_OR_RETURN(const Numbers found, NumbersOf(view_, names));
  numbers->insert(numbers->end(), found.begin(), found.end());
  inner_.Note("_has", join_.type, inner.size(), found.size());
  return {};
}

Status JoinRun::Mark(const Numbers& candidates, std::vector<char>* holds) {
  STRATA_RETURN_IF_ERROR(Prepare());
  return join_.reverse ? MarkByReferrers(candidates, holds) : MarkByReferences(candidates, holds);
}

// Chain: which of the resources that the candidates refer to the inner query accepts.
Status JoinRun::MarkByReferences(const Numbers& candidates, std::vector<char>* holds) {
  std::vector<std::pair<std::size_t, std::string>> references;
  std::vector<ResourceName> names;
  ResourceCheck check(view_, type_);
  STRATA_RETURN_IF_ERROR(check.ForEach(candidates, [&](std::size_t i, json::Value resource) {
    VisitReferences(view_, type_, resource, join_.reference, join_.type, BaseUrl(),
                    [&](std::string_view id) {
                      references.emplace_back(i, id);
                      names.push_back({join_.type, std::string(id)});
                    });
  }));
  SortUnique(&names);
  STRATA_ASSIGN_OR_RETURN(Numbers targets, NumbersOf(view_, names));
  STRATA_RETURN_IF_ERROR(inner_.Filter(&targets));
  std::unordered_set<std::string> accepted;
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    if (resource.header != nullptr) accepted.insert(resource.header->id);
    return {};
  };
  STRATA_RETURN_IF_ERROR(view_.ReadResources(targets, /*with_json=*/false, each));
  for (const auto& [i, id] : references) {
    if (accepted.contains(id)) (*holds)[i] = 1;
  }
  return {};
}

// _has: whether the inner query finds something that refers to the candidate.
Status JoinRun::MarkByReferrers(const Numbers& candidates, std::vector<char>* holds) {
  std::vector<std::string> ids(candidates.size());
  const auto each = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
    if (resource.header != nullptr) ids[i] = resource.header->id;
    return {};
  };
  STRATA_RETURN_IF_ERROR(view_.ReadResources(candidates, /*with_json=*/false, each));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty() || (*holds)[i] != 0) continue;
    STRATA_ASSIGN_OR_RETURN(const bool referred, IsReferred(ids[i]));
    if (referred) (*holds)[i] = 1;
  }
  return {};
}

Result<bool> JoinRun::IsReferred(std::string_view id) {
  Query probe = *join_.inner;
  Clause refers;
  refers.name = "refers";
  refers.any = {ReferenceTo(join_.reference, layout::TypeNameOf(type_), id)};
  if (!BaseUrl().empty()) {
    refers.any.push_back(OwnReferenceTo(join_.reference, BaseUrl(), layout::TypeNameOf(type_), id));
  }
  probe.clauses.push_back(std::move(refers));
  Execution execution(view_, probe, nullptr);
  STRATA_RETURN_IF_ERROR(execution.Prepare());
  STRATA_ASSIGN_OR_RETURN(const Slice slice, execution.Page({}, 1, /*with_total=*/false));
  return !slice.numbers.empty();
}

}  // namespace strata::fhir::search
