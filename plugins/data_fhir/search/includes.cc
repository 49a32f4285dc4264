#include "plugins/data_fhir/search/includes.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/parameters.h"
#include "plugins/data_fhir/search/stored_source.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using layout::ResourceNumber;
using layout::TypeNumber;

// The reference parameters of a type, sorted.
std::vector<ParameterNumber> ReferenceNumbers(const layout::View& view, std::string_view type) {
  std::vector<ParameterNumber> numbers;
  for (const model::SearchParameter* parameter : ReferencesOf(view, type)) {
    numbers.push_back(index::NumberOf(*parameter));
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
    std::set<std::string> canonicals;
    json::Parser parser;
    const auto refer = [&](const index::Conversion&, json::Value element) {
      if (element.is_string()) canonicals.emplace(element.string());
      const auto target =
          index::ParseReference(WithoutBase(element["reference"].string(), query_.base_url));
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
      if (include.reference == 0) parameters = ReferenceNumbers(view_, type);
      index::ExtractorOf(view_).VisitElements(resource.header->type, root, parameters, refer);
      return {};
    };
    STRATA_RETURN_IF_ERROR(view_.ReadResources(fresh, /*with_json=*/true, each));
    STRATA_ASSIGN_OR_RETURN(const Numbers numbers, NumbersOf(view_, names));
    found->insert(found->end(), numbers.begin(), numbers.end());
    return AddCanonicals(include, canonicals, found);
  }

  // Resources that are named by their URL.
  Status AddCanonicals(const Include& include, const std::set<std::string>& canonicals,
                       Numbers* found) {
    std::string_view targets = include.target;
    if (const auto* definition =
            model::R4Search().Find(include.source, layout::ParameterCodeOf(include.reference));
        targets.empty() && definition != nullptr) {
      targets = definition->targets;
    }
    for (const std::string_view type : SplitEscaped(targets, ',')) {
      if (type.empty() || model::R4Search().Find(type, "url") == nullptr) continue;
      for (const std::string& canonical : canonicals) {
        STRATA_ASSIGN_OR_RETURN(const auto number, NumberByCanonical(view_, type, canonical));
        if (number) found->push_back(*number);
      }
    }
    return {};
  }

  // What a resource is called by those that refer to it.
  void AppendReferencesTo(std::string_view type, std::string_view id,
                          std::vector<std::string>* values) const {
    values->push_back(*ReferenceTo(0, type, id).exact);
    if (query_.base_url.empty()) return;
    values->push_back(*OwnReferenceTo(0, query_.base_url, type, id).exact);
  }

  Status Backward(const Include& include, const Numbers& fresh, Numbers* found) {
    std::map<std::string, std::vector<std::string>, std::less<>> values;  // By type.
    const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
      if (resource.header == nullptr) return {};
      const std::string_view type = layout::TypeNameOf(resource.header->type);
      if (!include.target.empty() && include.target != type) return {};
      AppendReferencesTo(type, resource.header->id, &values[std::string(type)]);
      return {};
    };
    STRATA_RETURN_IF_ERROR(view_.ReadResources(fresh, /*with_json=*/false, each));
    for (const auto& [type, references] : values) {
      STRATA_ASSIGN_OR_RETURN(const std::vector<Edge>* edges, EdgesTo(type, include));
      for (const Edge& edge : *edges) {
        for (const std::string& value : references) {
          STRATA_RETURN_IF_ERROR(Referring(edge, value, found));
        }
      }
    }
    return {};
  }

  // A parameter by which resources of a type refer to others.
  struct Edge {
    TypeNumber source = 0;
    ParameterNumber parameter = 0;
  };

  // Those that can lead to resources of `type` and of which something is stored.
  Result<const std::vector<Edge>*> EdgesTo(const std::string& type, const Include& include) {
    const std::string key = type + " " + include.source + " " + std::to_string(include.reference);
    const auto [at, is_new] = edges_.try_emplace(key);
    if (!is_new) return &at->second;
    for (std::size_t i = 1; i <= layout::TypeCount(); ++i) {
      const auto source = static_cast<TypeNumber>(i);
      const std::string_view name = layout::TypeNameOf(source);
      if (!include.source.empty() && include.source != name) continue;
      for (const model::SearchParameter* parameter : ReferencesOf(view_, name)) {
        const ParameterNumber number = index::NumberOf(*parameter);
        if (include.reference != 0 && include.reference != number) continue;
        if (!MayReferTo(*parameter, type)) continue;
        STRATA_ASSIGN_OR_RETURN(const bool any,
                                HasRows(view_, layout::IndexPrefix(source, number)));
        if (any) at->second.push_back({source, number});
      }
    }
    return &at->second;
  }

  Status Referring(const Edge& edge, std::string_view value, Numbers* found) {
    const std::string begin = layout::IndexPrefix(edge.source, edge.parameter, value);
    RangeReader reader(begin, layout::PrefixEnd(begin));
    return reader.Read(view_, kMaxIncluded + 1, [&](std::string_view, auto members) {
      found->insert(found->end(), members.begin(), members.end());
      return true;
    });
  }

  layout::View& view_;
  const Query& query_;
  std::map<std::string, std::vector<Edge>> edges_;
  std::set<ResourceNumber> seen_;
  Numbers included_;
};

}  // namespace

Result<Numbers> Included(layout::View& view, const Query& query, const Numbers& matches) {
  if (query.includes.empty() || matches.empty()) return Numbers{};
  return Collector(view, query).Collect(matches);
}

}  // namespace strata::fhir::search
