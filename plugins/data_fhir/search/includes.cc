#include "plugins/data_fhir/search/includes.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/limits.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using layout::ResourceNumber;
using layout::TypeNumber;

// The reference parameters of a type, sorted.
std::vector<ParameterNumber> ReferencesOf(std::string_view type) {
  std::vector<ParameterNumber> numbers;
  for (const model::SearchParameter* parameter : model::R4Search().ForType(type)) {
    if (parameter->type != model::SearchType::kReference) continue;
    numbers.push_back(layout::ParameterNumberOf(parameter->code));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

class Collector {
 public:
  Collector(layout::View& view, const Query& query) : view_(view), query_(query) {}

  Result<Numbers> Collect(const Numbers& matches) {
    seen_.insert(matches.begin(), matches.end());
    Numbers fresh = matches;
    bool first = true;
    while (!fresh.empty()) {
      STRATA_ASSIGN_OR_RETURN(fresh, Round(fresh, std::exchange(first, false)));
      included_.insert(included_.end(), fresh.begin(), fresh.end());
      if (included_.size() > kMaxIncluded) {
        return SearchFault(Code::kResourceExhausted, "too-costly",
                           "the page includes more than " + std::to_string(kMaxIncluded) +
                               " resources; ask for a smaller _count");
      }
    }
    std::sort(included_.begin(), included_.end());
    return std::move(included_);
  }

 private:
  // What the fresh resources bring along; only :iterate looks at resources that were included.
  Result<Numbers> Round(const Numbers& fresh, bool first) {
    Numbers found;
    for (const Include& include : query_.includes) {
      if (!first && !include.iterate) continue;
      Status status =
          include.reverse ? Backward(include, fresh, &found) : Forward(include, fresh, &found);
      STRATA_RETURN_IF_ERROR(status);
    }
    Numbers next;
    for (const ResourceNumber n : found) {
      if (seen_.insert(n).second) next.push_back(n);
    }
    return next;
  }

  Status Forward(const Include& include, const Numbers& fresh, Numbers* found) {
    std::vector<ResourceName> names;
    json::Parser parser;
    const auto refer = [&](const index::Conversion&, json::Value element) {
      const auto target = index::ParseReference(element["reference"].string());
      if (!target || target->absolute) return;
      if (!include.target.empty() && include.target != target->type) return;
      names.push_back({std::string(target->type), std::string(target->id)});
    };
    const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
      if (resource.header == nullptr || resource.json.empty()) return {};
      const std::string_view type = layout::TypeNameOf(resource.header->type);
      if (!include.source.empty() && include.source != type) return {};
      STRATA_ASSIGN_OR_RETURN(const json::Value root, parser.Parse(resource.json));
      std::vector<ParameterNumber> parameters = {include.reference};
      if (include.reference == 0) parameters = ReferencesOf(type);
      index::Extractor::R4().VisitElements(resource.header->type, root, parameters, refer);
      return {};
    };
    STRATA_RETURN_IF_ERROR(view_.ReadResources(fresh, /*with_json=*/true, each));
    STRATA_ASSIGN_OR_RETURN(const Numbers numbers, NumbersOf(view_, names));
    found->insert(found->end(), numbers.begin(), numbers.end());
    return {};
  }

  Status Backward(const Include& include, const Numbers& fresh, Numbers* found) {
    std::vector<std::string> values;
    const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
      if (resource.header == nullptr) return {};
      const std::string_view type = layout::TypeNameOf(resource.header->type);
      if (!include.target.empty() && include.target != type) return {};
      index::AppendLocalReference(type, resource.header->id, &values.emplace_back());
      return {};
    };
    STRATA_RETURN_IF_ERROR(view_.ReadResources(fresh, /*with_json=*/false, each));
    const TypeNumber source = layout::TypeNumberOf(include.source);
    std::vector<ParameterNumber> parameters = {include.reference};
    if (include.reference == 0) parameters = ReferencesOf(include.source);
    for (const ParameterNumber parameter : parameters) {
      for (const std::string& value : values) {
        STRATA_RETURN_IF_ERROR(Referring(source, parameter, value, found));
      }
    }
    return {};
  }

  Status Referring(TypeNumber source, ParameterNumber parameter, std::string_view value,
                   Numbers* found) {
    const std::string begin = layout::IndexPrefix(source, parameter, value);
    RangeReader reader(begin, layout::PrefixEnd(begin));
    return reader.Read(view_, kMaxIncluded + 1, [&](std::string_view, ResourceNumber n) {
      found->push_back(n);
      return true;
    });
  }

  layout::View& view_;
  const Query& query_;
  std::set<ResourceNumber> seen_;
  Numbers included_;
};

}  // namespace

Result<Numbers> Included(layout::View& view, const Query& query, const Numbers& matches) {
  if (query.includes.empty() || matches.empty()) return Numbers{};
  return Collector(view, query).Collect(matches);
}

}  // namespace strata::fhir::search
