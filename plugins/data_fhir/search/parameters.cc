#include "plugins/data_fhir/search/parameters.h"

#include <algorithm>

#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {

const model::CustomParameter* FindCustom(const layout::View& view, std::string_view type,
                                         std::string_view code) {
  const model::CustomParameters* const custom = view.custom_parameters();
  return custom == nullptr ? nullptr : custom->Find(type, code);
}

const model::SearchParameter* FindReady(const layout::View& view, std::string_view type,
                                        std::string_view code) {
  if (const auto* definition = model::R4Search().Find(type, code)) return definition;
  const model::CustomParameter* const custom = FindCustom(view, type, code);
  return custom != nullptr && custom->active ? &custom->definition : nullptr;
}

std::vector<const model::SearchParameter*> ReferencesOf(const layout::View& view,
                                                        std::string_view type) {
  std::vector<const model::SearchParameter*> found = model::R4Search().ForType(type);
  if (const model::CustomParameters* const custom = view.custom_parameters()) {
    for (const model::CustomParameter* parameter : custom->ForType(type)) {
      if (parameter->active) found.push_back(&parameter->definition);
    }
  }
  std::erase_if(found, [](const auto* p) { return p->type != model::SearchType::kReference; });
  return found;
}

bool MayReferTo(const model::SearchParameter& reference, std::string_view type) {
  const bool custom = reference.number != 0;
  if (custom && reference.targets.empty()) return true;
  const auto targets = SplitEscaped(reference.targets, ',');
  return std::find(targets.begin(), targets.end(), type) != targets.end();
}

}  // namespace strata::fhir::search
