#pragma once

#include <string>
#include <string_view>

#include "plugins/service_fhir_api/exchange.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir_api {

// Identity of a change, by which the data layer knows a repeated one: the request's id (the
// client's X-Request-Id when it sent one, FHIR R4 http.html#custom) together with what is changed.
// A client that sends one id for several changes so gets each of them done, and a true repetition
// is done once.
std::string ChangeId(const Exchange& exchange, std::string_view body);

// What Prefer: return=OperationOutcome shows of a successful change.
data::v1::Outcome SuccessOutcome(const data::v1::WriteResponse& response);

}  // namespace strata::fhir_api
