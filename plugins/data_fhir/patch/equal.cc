#include "plugins/data_fhir/patch/equal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace strata::fhir::patch {
namespace {

// 0.digits * 10^exponent, the digits without zeros at either end; zero has none.
struct Number {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;

  bool operator==(const Number&) const = default;
};

std::int64_t ExponentOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc()) return std::clamp(value, -kHuge, kHuge);
  return text.starts_with('-') ? -kHuge : kHuge;
}

Number Normalise(std::string_view text) {
  Number number;
  number.negative = text.starts_with('-');
  if (number.negative) text.remove_prefix(1);
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    number.exponent = ExponentOf(text.substr(e + 1));
    text = text.substr(0, e);
  }
  const std::size_t point = std::min(text.find('.'), text.size());
  number.exponent += static_cast<std::int64_t>(point);
  number.digits.append(text.substr(0, point));
  if (point < text.size()) number.digits.append(text.substr(point + 1));

  const std::size_t first = number.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};
  number.digits.erase(0, first);
  number.exponent -= static_cast<std::int64_t>(first);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  return number;
}

}  // namespace

bool NumbersEqual(std::string_view a, std::string_view b) {
  return a == b || Normalise(a) == Normalise(b);
}

}  // namespace strata::fhir::patch
