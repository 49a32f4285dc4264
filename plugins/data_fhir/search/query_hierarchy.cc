// :above and :below of references (FHIR R4 search.html#reference): through resources that are parts
// of each other, and through the versions of a canonical URL.

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/search/resource_check.h"
#include "plugins/data_fhir/search/scan.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using Ids = std::set<std::string, std::less<>>;

// The parameter by which resources of a type say what they are part of; 0: there is none.
ParameterNumber PartOf(std::string_view type) {
  for (const std::string_view code : {"partof", "part-of"}) {
    const model::SearchParameter* found = model::R4Search().Find(type, code);
    if (found == nullptr || found->type != model::SearchType::kReference) continue;
    const auto targets = SplitEscaped(found->targets, ',');
    if (std::find(targets.begin(), targets.end(), type) != targets.end()) {
      return layout::ParameterNumberOf(code);
    }
  }
  return 0;
}

class Hierarchy {
 public:
  Hierarchy(layout::View& view, std::string_view type)
      : view_(view), type_(type), number_(layout::TypeNumberOf(type)), part_of_(PartOf(type)) {}

  // The ids of a resource and of all below (above) it. RESOURCE_EXHAUSTED: more than
  // kMaxHierarchy; else the view's errors.
  Result<Ids> From(std::string_view id, bool below) {
    Ids seen = {std::string(id)};
    std::vector<std::string> fresh = {std::string(id)};
    while (!fresh.empty()) {
      std::vector<std::string> next;
      STRATA_RETURN_IF_ERROR(below ? Parts(fresh, &next) : Wholes(fresh, &next));
      fresh.clear();
      for (std::string& each : next) {
        if (seen.insert(each).second) fresh.push_back(std::move(each));
      }
      if (seen.size() > kMaxHierarchy) {
        return ResourceExhausted("the hierarchy has more than " + std::to_string(kMaxHierarchy) +
                                 " resources");
      }
    }
    return seen;
  }

 private:
  Status Parts(const std::vector<std::string>& wholes, std::vector<std::string>* parts) {
    Numbers numbers;
    for (const std::string& id : wholes) {
      const Criterion refers = ReferenceTo(part_of_, type_, id);
      const std::string begin = layout::IndexPrefix(number_, part_of_, *refers.exact);
      RangeReader reader(begin, layout::PrefixEnd(begin));
      STRATA_RETURN_IF_ERROR(reader.Read(view_, kMaxHierarchy, [&](std::string_view, auto members) {
        numbers.insert(numbers.end(), members.begin(), members.end());
        return true;
      }));
    }
    const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
      if (resource.header != nullptr) parts->emplace_back(resource.header->id);
      return {};
    };
    return view_.ReadResources(numbers, /*with_json=*/false, each);
  }

  Status Wholes(const std::vector<std::string>& parts, std::vector<std::string>* wholes) {
    std::vector<ResourceName> names;
    for (const std::string& id : parts) names.push_back({type_, id});
    STRATA_ASSIGN_OR_RETURN(const Numbers numbers, NumbersOf(view_, names));
    ResourceCheck check(view_, number_);
    return check.ForEach(numbers, [&](std::size_t, json::Value resource) {
      index::Extractor::R4().VisitElements(
          number_, resource, {&part_of_, 1}, [&](const index::Conversion&, json::Value element) {
            const auto target = index::ParseReference(element["reference"].string());
            if (target && !target->absolute && target->type == type_) {
              wholes->emplace_back(target->id);
            }
          });
    });
  }

  layout::View& view_;
  std::string type_;
  layout::TypeNumber number_;
  ParameterNumber part_of_;
};

// The type and id a hierarchy is entered at, and the type must have one.
std::optional<ResourceName> EntryOf(const model::SearchParameter& definition,
                                    std::string_view text) {
  const auto targets = SplitEscaped(definition.targets, ',');
  const auto named = index::ParseReference(text);
  if (named) {
    if (named->absolute || PartOf(named->type) == 0) return std::nullopt;
    return ResourceName{std::string(named->type), std::string(named->id)};
  }
  // An id alone will do when only one of the types has a hierarchy.
  std::optional<ResourceName> found;
  for (const std::string_view type : targets) {
    if (PartOf(type) == 0) continue;
    if (found) return std::nullopt;
    found = ResourceName{std::string(type), std::string(text)};
  }
  return found;
}

// Canonical references of a version or its later parts: url|1 finds url|1 and url|1.2.
Criterion VersionsBelow(ParameterNumber parameter, std::string_view text) {
  const terminology::Canonical canonical = terminology::ParseCanonical(text);
  std::string start;
  index::AppendCanonicalStart(canonical.url, &start);
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {StartingWith(start)};
  if (canonical.version.empty()) return criterion;
  criterion.verify = [url = std::string(canonical.url), version = std::string(canonical.version)](
                         const index::Conversion&, json::Value element) {
    const terminology::Canonical found = terminology::ParseCanonical(element.string());
    return found.url == url &&
           (found.version == version || found.version.starts_with(version + "."));
  };
  return criterion;
}

}  // namespace

bool QueryParser::AddHierarchy(const model::SearchParameter& definition, std::string_view modifier,
                               std::string_view value) {
  const ParameterNumber parameter = index::NumberOf(definition);
  const bool below = modifier == "below";
  Clause clause;
  std::set<std::string, std::less<>> values;
  for (const std::string_view one : SplitEscaped(value, ',')) {
    const std::string plain = Unescape(one);
    const std::string_view text = WithoutBase(plain, context_->base_url);
    const auto entry = EntryOf(definition, text);
    if (!entry && below && text.find(':') != std::string_view::npos) {
      clause.any.push_back(VersionsBelow(parameter, text));
      continue;
    }
    if (!entry) {
      return Refuse("invalid", "the value of '" + name_ +
                                   "' should be Type/id of resources that are parts of each other");
    }
    Hierarchy hierarchy(*context_->view, entry->type);
    const Result<Ids> ids = hierarchy.From(entry->id, below);
    if (!ids.ok()) {
      if (ids.status().code() != Code::kResourceExhausted) context_->failure = ids.status();
      return Refuse("too-costly", ids.status().message());
    }
    for (const std::string& id : *ids) {
      values.insert(*ReferenceTo(parameter, entry->type, id).exact);
    }
  }
  Criteria any = AnyOf(parameter, std::move(values));
  std::move(any.begin(), any.end(), std::back_inserter(clause.any));
  return Push(std::move(clause));
}

}  // namespace strata::fhir::search
