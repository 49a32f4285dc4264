#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "strata/data/v1/data.pb.h"

// Errors as the data contract wants them (proto/strata/data/v1/README.md): a code, a message and an
// Outcome inside common.v1.ErrorStatus. No text here ever holds a value from a record. Thread-safe.
namespace strata::fhir::store {

// `issue_code` is of http://hl7.org/fhir/issue-type; `expression` the element, header or parameter
// that is to blame, empty when there is none.
Status Fault(Code code, std::string_view issue_code, std::string diagnostics,
             std::string_view expression = {});

// The same code and message with this outcome as detail.
Status WithOutcome(const Status& status, const data::v1::Outcome& outcome);

// The outcome in the status's details. For a status without one, made by a layer below, it is made
// up from code and message.
data::v1::Outcome OutcomeOf(const Status& status);

// `status` as an error of the part of a request named by `prefix` ("Bundle.entry[3]"), which goes
// in front of the expressions of its outcome.
Status Within(const Status& status, std::string_view prefix);

// HTTP status for an error (FHIR R4 http.html); 200 for OK.
std::uint32_t HttpStatusOf(const Status& status);

// The faults that have one wording everywhere.
Status UnknownType(std::string_view type);
Status BadId(std::string_view expression);
Status NoSuchResource(std::string_view type, std::string_view id);
Status DeletedResource(std::string_view type, std::string_view id);
Status TooBusy();  // ABORTED: lost against other writers too often

}  // namespace strata::fhir::store
