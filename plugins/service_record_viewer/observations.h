#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "plugins/service_record_viewer/facts.h"
#include "plugins/service_record_viewer/html.h"

// Observations (FHIR R4 observation.html) as the results list and the trend page share them.
namespace strata::record_viewer {

// effective[x], else issued.
std::string_view ObservationDate(json::Value observation);

// What makes two observations results of one test: "system|code" of the LOINC coding, else of the
// SNOMED CT one, else of the first; the text when there is no code.
std::string TestKey(json::Value concept_value);

// Value as stored with its unit, or the components, or why there is none; with a flag when the
// laboratory marked it ("High").
Html ObservationValue(json::Value observation);

// Reference ranges as text.
Html ReferenceRange(json::Value observation);

// A tag unless the status is "final".
Html ObservationStatus(json::Value observation);

// Who performed it.
Html ObservationSource(RecordSource& source, json::Value observation);

}  // namespace strata::record_viewer
