#include "plugins/service_record_viewer/dates.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <limits>
#include <optional>

#include "core/base/datetime.h"

namespace strata::record_viewer {
namespace {

using web::DateTime;
using web::ParseDateTime;
using web::Precision;

constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string DayText(const DateTime& at, char separator) {
  char text[32];
  std::string out;
  if (at.precision >= Precision::kDay) {
    std::snprintf(text, sizeof(text), "%02u%c", at.day, separator);
    // A list reads better without the leading zero, the banner has a fixed form.
    out += separator == ' ' && text[0] == '0' ? text + 1 : text;
  }
  if (at.precision >= Precision::kMonth) {
    out.append(kMonths[at.month - 1]).push_back(separator);
  }
  std::snprintf(text, sizeof(text), "%04d", at.year);
  return out + text;
}

// Completed months between two days.
int MonthsBetween(std::chrono::year_month_day from, std::chrono::year_month_day to) {
  int months = (static_cast<int>(to.year()) - static_cast<int>(from.year())) * 12 +
               static_cast<int>(static_cast<unsigned>(to.month())) -
               static_cast<int>(static_cast<unsigned>(from.month()));
  if (to.day() < from.day()) --months;
  return months;
}

std::string Two(long first, const char* unit, long second, const char* second_unit) {
  std::string out = std::to_string(first) + unit;
  if (second > 0) out += ' ' + std::to_string(second) + second_unit;
  return out;
}

std::string ExactAge(std::chrono::sys_days born, std::chrono::sys_days at) {
  using std::chrono::months;
  const long days = (at - born).count();
  if (days < 28) return std::to_string(days) + "d";
  const std::chrono::year_month_day from(born);
  const int total = MonthsBetween(from, at);
  if (total < 12) return Two(days / 7, "w", days % 7, "d");
  if (total < 24) {
    std::chrono::year_month_day last = from + months(total);
    if (!last.ok()) last = last.year() / last.month() / std::chrono::last;
    return Two(total, "m", (at - std::chrono::sys_days(last)).count(), "d");
  }
  if (total < 18 * 12) return Two(total / 12, "y", total % 12, "m");
  return std::to_string(total / 12) + "y";
}

}  // namespace

std::string ShortDate(std::string_view fhir_date) {
  const auto at = ParseDateTime(fhir_date);
  if (!at) return std::string(fhir_date);
  std::string out = DayText(*at, ' ');
  if (at->precision >= Precision::kMinute) {
    char time[16];
    std::snprintf(time, sizeof(time), ", %02u:%02u", at->hour, at->minute);
    out += time;
  }
  return out;
}

std::string BannerDate(std::string_view fhir_date) {
  const auto at = ParseDateTime(fhir_date);
  return at ? DayText(*at, '-') : std::string(fhir_date);
}

std::string Age(std::string_view birth_date, std::int64_t at_us) {
  const auto born = ParseDateTime(birth_date);
  if (!born || born->begin_us > at_us) return {};
  const auto to_days = [](std::int64_t us) {
    return std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(us)));
  };
  const auto at = to_days(at_us);
  if (born->precision >= Precision::kDay) {
    using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar literals
    return ExactAge(
        sys_days(year(born->year) / static_cast<int>(born->month) / static_cast<int>(born->day)),
        at);
  }
  const std::chrono::year_month_day now(at);
  return "about " + std::to_string(static_cast<int>(now.year()) - born->year) + "y";
}

std::int64_t SortKey(std::string_view fhir_date) {
  const auto at = ParseDateTime(fhir_date);
  return at ? at->begin_us : std::numeric_limits<std::int64_t>::min();
}

}  // namespace strata::record_viewer
