#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/index/prefix.h"

// Numbers as search means them: every digit that is written counts (FHIR R4 search.html#number).
// Thread-safe.
namespace strata::fhir::index {

// A number as written in a search: itself and the numbers that round to it, [low, high).
struct NumberRange {
  double value = 0;
  double low = 0;
  double high = 0;
};

// The value of a JSON number or FHIR decimal; nullopt when it is none or too large.
std::optional<double> ParseNumber(std::string_view lexeme);

// 100 is [99.5, 100.5), 100.00 is [99.995, 100.005), 1e2 is [95, 105): the standard's examples.
std::optional<NumberRange> ParseNumberRange(std::string_view lexeme);

// Whether a resource's number matches. gt, lt, ge and le compare with exactly the number that was
// written; eq, ne, sa and eb with the range that it stands for; ap allows 10 %.
bool NumberMatches(Prefix prefix, const NumberRange& searched, double value);
// The same for a resource's interval [low, high], both ends included: a Range.
bool IntervalMatches(Prefix prefix, const NumberRange& searched, double low, double high);

// Stored form: 8 bytes whose order is the order of the numbers. Stored: never change.
void AppendNumber(double value, std::string* out);
// From the front of `*bytes`; nullopt when fewer than 8 are left.
std::optional<double> TakeNumber(std::string_view* bytes);

// The numbers that can match, both ends included; nullopt when that is no single interval (ne).
struct NumberBounds {
  double low = 0;
  double high = 0;
};
std::optional<NumberBounds> BoundsOf(Prefix prefix, const NumberRange& searched);

}  // namespace strata::fhir::index
