#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/layout/numbers.h"

// Index values that follow from a resource's other ones, for questions which those answer only by
// reading ever more as the data grows. Stored: never change, but for pairs and parameters that are
// added with a format of their own (FORMAT.md). Thread-safe.
//
// - *Pairs* of two parameters' values, where conditions on one of them are often large and meet the
//   other, or its order, seldom: the first value, then the second one. A resource of more than
//   kMaxPairs pairs has its second values behind kAnyStart instead, which begins no value.
// - *Absences*: parameters that nearly every resource of a type has, of which this one has no
//   value, or none that can be searched for.
namespace strata::fhir::index {

inline constexpr std::size_t kMaxPairs = 256;

// Adds them. Before and after: as after EntryList::Finish.
void AddDerived(layout::TypeNumber type, EntryList* entries);

// Whether the rows of a number are such, or texts (HasTexts).
bool IsDerived(layout::TypeNumber type, layout::ParameterNumber rows);

// The number of the rows of a pair of parameters; 0: there are none.
layout::ParameterNumber PairNumber(layout::TypeNumber type, layout::ParameterNumber first,
                                   layout::ParameterNumber second);
inline constexpr std::string_view kAnyStart = "\xff";

// The other way round: composites that find what two others find together, of a resource and of its
// parts (combo-code-value-quantity). Stores that began in format 4 have no rows of them. The two;
// empty: it is no such composite.
std::span<const layout::ParameterNumber> CoveredBy(layout::TypeNumber type,
                                                   layout::ParameterNumber composite);

// Whether the texts and displays of what a token parameter looks at have rows, as strings, for
// :text: `parameter | kCompanion`.
bool HasTexts(layout::TypeNumber type, layout::ParameterNumber parameter);

// Whether resources of the type that lack a parameter have an absence.
bool TellsAbsence(layout::TypeNumber type, layout::ParameterNumber parameter);
// Its number and values.
enum class Absence : char { kMissing = 'm', kUnsearchable = 'u' };
layout::ParameterNumber AbsenceNumber();
std::string AbsenceOf(layout::ParameterNumber parameter, Absence absence);

}  // namespace strata::fhir::index
