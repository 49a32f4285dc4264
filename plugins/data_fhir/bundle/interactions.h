#pragma once

#include <string>

#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/store.h"

// Entries of a batch as requests of the single interactions. Thread-safe.
namespace strata::fhir::bundle {

data::v1::CreateRequest CreateRequestOf(const Entry& entry, const std::string& request_id);
data::v1::UpdateRequest UpdateRequestOf(const Entry& entry, const std::string& request_id);
data::v1::PatchRequest PatchRequestOf(const Entry& entry, const std::string& request_id);
data::v1::DeleteRequest DeleteRequestOf(const Entry& entry, const std::string& request_id);

}  // namespace strata::fhir::bundle
