#pragma once

#include <string>
#include <string_view>

// NHS numbers: ISB 0149; NHS Data Dictionary, "NHS NUMBER" (check digit); NHS design system,
// "Ask for NHS numbers".
namespace strata::record_viewer {

inline constexpr std::string_view kNhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number";

enum class NhsNumberProblem {
  kNone,
  kEmpty,
  kLetters,
  kNationalInsurance,  // "QQ 12 34 56 C" was typed instead
  kTooShort,
  kTooLong,
  kCheckDigit,   // the digits do not fit together: a typing mistake
  kPlaceholder,  // ten equal digits pass the check but are nobody's number
};

struct NhsNumber {
  NhsNumberProblem problem = NhsNumberProblem::kEmpty;
  std::string digits;  // ten digits when there is no problem
  bool ok() const { return problem == NhsNumberProblem::kNone; }
};

// Takes what a person typed: spaces and dashes anywhere are ignored.
NhsNumber ParseNhsNumber(std::string_view typed);

// What to do about it, for the person who typed it; empty for kNone and kEmpty.
std::string_view NhsNumberMessage(NhsNumberProblem problem);

// "123 456 7890" for ten digits; anything else as it is, since a wrong number must stay visible.
std::string FormatNhsNumber(std::string_view digits);

}  // namespace strata::record_viewer
