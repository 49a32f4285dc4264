#include "plugins/service_record_viewer/nhs_number.h"

#include <algorithm>
#include <cstddef>

namespace strata::record_viewer {
namespace {

constexpr std::size_t kDigits = 10;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Spaces (also the no-break space that copying from a page gives) and dashes.
std::string WithoutSeparators(std::string_view typed) {
  std::string out;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    if (typed.substr(i).starts_with("\xC2\xA0")) {
      ++i;
    } else if (typed[i] != ' ' && typed[i] != '-' && typed[i] != '\t') {
      out.push_back(typed[i]);
    }
  }
  return out;
}

// Two letters, six digits, a letter A to D.
bool LooksLikeNationalInsurance(std::string_view text) {
  return text.size() == 9 && IsLetter(text[0]) && IsLetter(text[1]) &&
         std::all_of(text.begin() + 2, text.begin() + 8, IsDigit) && IsLetter(text[8]);
}

bool CheckDigitFits(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < kDigits - 1; ++i) {
    sum += (digits[i] - '0') * static_cast<int>(kDigits - i);
  }
  const int check = (11 - sum % 11) % 11;
  return check != 10 && check == digits[kDigits - 1] - '0';
}

NhsNumberProblem ProblemOf(std::string_view text) {
  if (text.empty()) return NhsNumberProblem::kEmpty;
  if (LooksLikeNationalInsurance(text)) return NhsNumberProblem::kNationalInsurance;
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return NhsNumberProblem::kLetters;
  if (text.size() < kDigits) return NhsNumberProblem::kTooShort;
  if (text.size() > kDigits) return NhsNumberProblem::kTooLong;
  if (text.find_first_not_of(text.front()) == std::string_view::npos) {
    return NhsNumberProblem::kPlaceholder;
  }
  return CheckDigitFits(text) ? NhsNumberProblem::kNone : NhsNumberProblem::kCheckDigit;
}

}  // namespace

NhsNumber ParseNhsNumber(std::string_view typed) {
  NhsNumber out;
  out.digits = WithoutSeparators(typed);
  out.problem = ProblemOf(out.digits);
  return out;
}

std::string_view NhsNumberMessage(NhsNumberProblem problem) {
  switch (problem) {
    case NhsNumberProblem::kLetters:
      return "NHS number must only include numbers, spaces and dashes";
    case NhsNumberProblem::kNationalInsurance:
      return "Enter an NHS number, not a National Insurance number";
    case NhsNumberProblem::kTooShort:
      return "NHS number must have 10 digits, this one is too short";
    case NhsNumberProblem::kTooLong:
      return "NHS number must have 10 digits, this one is too long";
    case NhsNumberProblem::kCheckDigit:
    case NhsNumberProblem::kPlaceholder:
      return "Enter a real NHS number, check that the digits are right";
    case NhsNumberProblem::kNone:
    case NhsNumberProblem::kEmpty:
      break;
  }
  return {};
}

std::string FormatNhsNumber(std::string_view digits) {
  if (digits.size() != kDigits || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return std::string(digits);
  }
  std::string out;
  out.append(digits.substr(0, 3)).append(" ").append(digits.substr(3, 3)).append(" ");
  return out.append(digits.substr(6));
}

}  // namespace strata::record_viewer
