#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/host/canary.h"

namespace strata::trial {

// Finds the patient of a call by the contracts: who the caller is confined to (AuthContext); else
//   strata.data.v1: the resource itself (Patient/42), the compartment, a search or condition by
//   patient, subject or (of Patient) _id, the patient or subject of the resource that is written;
//   strata.service.v1: the same in an HTTP exchange: /Patient/42 or /record/42 in the path,
//   patient, subject or _id in the query, the JSON body of its first part.
// No other call names one: bundles, what is asked for by its own id, lists, capabilities.
std::shared_ptr<const host::PatientFinder> MakePatientFinder();

// "42" of "Patient/42", "http://host/fhir/Patient/42/_history/3"; with `plain`, of "42" too. Empty:
// it refers to no patient.
std::string_view PatientOfReference(std::string_view reference, bool plain);

}  // namespace strata::trial
