#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::data::v1 {
class Outcome;
}  // namespace strata::data::v1

// Errors as FHIR tells them: an HTTP status and an OperationOutcome (FHIR R4
// operationoutcome.html).
namespace strata::fhir_api {

// HTTP status of a failure. One table (README.md shows it, outcome_test.cc holds it): the first row
// whose status code and issue code fit; `issue_code` is that of the first issue that is an error.
int HttpStatus(Code code, std::string_view issue_code);

// A failure with its details (data/v1/README.md).
int HttpStatus(const Status& status);

// The OperationOutcome of a failure: the issues from its details, else one made of its message.
std::string OutcomeJson(const Status& status);
std::string OutcomeJson(const data::v1::Outcome& outcome);

// A failure that this plugin finds: the issue code travels in the details like those of the layer
// below. `expression` may be empty ("http.if-match" or a search parameter's name).
Status MakeError(Code code, std::string_view issue_code, std::string diagnostics,
                 std::string_view expression = {});

}  // namespace strata::fhir_api
