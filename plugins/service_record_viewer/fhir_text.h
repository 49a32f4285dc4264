#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"

// FHIR data types (FHIR R4 datatypes.html) as text for people. Numbers keep their lexeme, codes
// without a text are shown with their system, and what is missing gives an empty text.
namespace strata::record_viewer {

// "SNOMED CT" for http://snomed.info/sct; the URL itself for systems that have no name here.
std::string_view CodeSystemName(std::string_view system);

// Text, else a coding's display, else "12345 (SNOMED CT)".
std::string ConceptText(json::Value concept_value);
std::string CodingText(json::Value coding);

// Whether a CodeableConcept has a coding with this code (of any system if `system` is empty).
bool HasCode(json::Value concept_value, std::string_view code, std::string_view system = {});
// The code of the first coding; empty when there is none.
std::string_view FirstCode(json::Value concept_value);

// "LITTLE, Louis204 (Mrs.)": family in capitals, given names, title, as ISB 1506 orders them.
// Of several names: official, else usual, else the first that is not old or a maiden name.
std::string PatientName(json::Value patient);
// "Dr. Sandy901 Turner526" for practitioners.
std::string PersonName(json::Value name);

// "Female"; "Not recorded" when absent.
std::string GenderText(json::Value patient);

// "159.2 cm", "< 5 mg/L"; the lexeme of the number as stored.
std::string QuantityText(json::Value quantity);
// "3.5 to 5.1 mmol/L", "3.5 or more", "5.1 or less".
std::string RangeText(json::Value low, json::Value high);
// Any value[x] of an Observation or component ("valueQuantity", "valueString", ...), empty when
// there is none. `element` has the members.
std::string ValueText(json::Value element);
// The reason why there is no value; empty when there is none either.
std::string AbsentReason(json::Value element);

// Dates of a Period: "1 Jan 2020 to 3 Jan 2020", "From 1 Jan 2020".
std::string PeriodText(json::Value period);

// "Left arm" style labels: "in-progress" -> "In progress".
std::string Sentence(std::string_view code);

// All texts of an array of Annotations.
std::vector<std::string> Notes(json::Value annotations);

// Capitals of ASCII and Latin letters (U+0080 to U+017F); other letters stay.
std::string Capitals(std::string_view text);

}  // namespace strata::record_viewer
