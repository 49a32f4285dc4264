#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/json.h"
#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/model/search_parameters.h"

// From FHIR values to index values: which parts of a data type a parameter of a type looks at (the
// tables of FHIR R4 search.html#token, #string, #reference ...). Thread-safe.
namespace strata::fhir::index {

// What a value is converted by; kNone: the standard does not say how such a parameter looks at it.
enum class DataType : std::uint8_t {
  kNone,
  kPrimitive,  // a JSON string as it is
  kBoolean,
  kCode,
  kCoding,
  kCodeableConcept,
  kIdentifier,
  kContactPoint,
  kHumanName,
  kAddress,
  kDate,
  kPeriod,
  kTiming,
  kReference,
  kCanonical,
  kResource,
  kNumber,
  kQuantity,
  kMoney,
  kRange,
  kPosition,
};

// kNone when parameters of that type do not look at such values.
DataType DataTypeOf(model::SearchType search, const model::Type& type);

struct Conversion {
  layout::ParameterNumber parameter = 0;
  model::SearchType search = model::SearchType::kString;
  DataType data = DataType::kNone;
  std::string_view implied_system;  // Of a code: the one system its binding allows.
  bool texts = false;               // Of a coded value: its texts, too, for :text (derived.h).
};

// Adds the index values of one element. A value that gives none adds the empty value, so that
// :missing can tell it from an absent one.
void Convert(const Conversion& conversion, json::Value value, EntryList* out);

// The time that a date, Period or Timing covers; nullopt when it says none.
std::optional<DateRange> DateRangeOf(DataType data, json::Value value);

// "Patient", "7" out of "Patient/7", "Patient/7/_history/2" or a URL that ends so; nullopt when the
// text is no reference to a resource by type and id.
struct TypeAndId {
  std::string_view type;
  std::string_view id;
  bool absolute = false;
};
std::optional<TypeAndId> ParseReference(std::string_view reference);

// The type that a Reference says it points to, empty when it does not.
std::string_view TargetTypeOf(json::Value reference);

}  // namespace strata::fhir::index
