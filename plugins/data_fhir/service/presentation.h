#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/subset/subset.h"
#include "strata/data/v1/data.pb.h"

// _summary and _elements on whatever answers resources. Thread-safe.
namespace strata::fhir::service {

// A stored resource as the client asked for it. DATA_LOSS: the text is no JSON.
Result<std::string> Presented(std::string_view json, const subset::Subset& subset,
                              subset::Role role);

// What the parameters of a read or history ask for; `type` may be empty. INVALID_ARGUMENT with an
// Outcome: another parameter, or a value that is none.
Result<subset::Subset> SubsetOf(
    const google::protobuf::RepeatedPtrField<data::v1::Parameter>& parameters,
    std::string_view type);

// store::Read, of the part that the parameters ask for.
Status ReadPart(store::Store& store, const Context& cx, const data::v1::ReadRequest& request,
                data::v1::ReadResponse* response);

}  // namespace strata::fhir::service
