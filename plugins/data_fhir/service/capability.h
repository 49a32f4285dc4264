#pragma once

#include <string>
#include <string_view>

#include "plugins/data_fhir/model/custom_parameters.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir::service {

// What the plugin can do: every R4 type with its interactions and search parameters, and the same
// as the "rest" part of a CapabilityStatement (FHIR R4 capabilitystatement.html). The answer never
// changes while the plugin runs. Thread-safe.
data::v1::DescribeResponse DescribeCapabilities(const model::CustomParameters& custom);

// The whole CapabilityStatement, as a bundle's entry `GET metadata` answers it.
std::string CapabilityStatement(const model::CustomParameters& custom, std::string_view base_url);

}  // namespace strata::fhir::service
