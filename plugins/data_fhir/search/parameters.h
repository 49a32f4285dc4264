#pragma once

#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/model/custom_parameters.h"
#include "plugins/data_fhir/model/search_parameters.h"

// The search parameters of a store: those of the standard and those that it defines itself.
// Private to this folder.
namespace strata::fhir::search {

// One that the store defines itself, also while it is being indexed; nullptr when there is none.
const model::CustomParameter* FindCustom(const layout::View& view, std::string_view type,
                                         std::string_view code);

// One that can be searched by; nullptr when there is none.
const model::SearchParameter* FindReady(const layout::View& view, std::string_view type,
                                        std::string_view code);

// The references of a type that can be searched by.
std::vector<const model::SearchParameter*> ReferencesOf(const layout::View& view,
                                                        std::string_view type);

// The types that a reference parameter of resources of a type may lead to: what its expression says
// of them, which may be fewer than the parameter's targets (R4 Observation.patient leads to
// patients, although groups are among the targets of what is defined for 32 types at once).
std::vector<std::string_view> TargetsOf(const model::SearchParameter& reference,
                                        std::string_view type);

// Whether a reference may lead to a type. A store's own parameter that names no targets may lead
// anywhere.
bool MayReferTo(const model::SearchParameter& reference, std::string_view type);

}  // namespace strata::fhir::search
