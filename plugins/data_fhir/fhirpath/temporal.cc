#include "plugins/data_fhir/fhirpath/temporal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace strata::fhirpath {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86400;
// The widest zones: an unknown zone may shift a moment by that much.
constexpr std::int64_t kMaxZoneSeconds = 14 * 3600;

std::int64_t DaysFromCivil(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

unsigned LastDay(int year, unsigned month) {
  const std::chrono::year_month_day_last last{
      std::chrono::year(year), std::chrono::month_day_last(std::chrono::month(month))};
  return static_cast<unsigned>(last.day());
}

// Reads fixed-width fields from the front of a text.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeNumber(std::size_t width, int low, int high, int& value) {
    if (rest_.size() < width) return false;
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return value >= low && value <= high;
  }
  // Digits of a fraction of a second, those beyond nanoseconds dropped.
  bool TakeFraction(std::uint32_t& nanos, std::uint8_t& digits) {
    std::size_t n = 0;
    std::uint32_t scale = 100'000'000;
    for (; n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9'; ++n, scale /= 10) {
      nanos += static_cast<std::uint32_t>(rest_[n] - '0') * scale;
    }
    digits = static_cast<std::uint8_t>(std::min<std::size_t>(n, 9));
    rest_.remove_prefix(n);
    return n > 0;
  }

 private:
  std::string_view rest_;
};

bool ReadDate(FieldReader& in, Temporal& out) {
  int value = 0;
  if (!in.TakeNumber(4, 1, 9999, value)) return false;
  out.year = static_cast<std::int16_t>(value);
  if (!in.Take('-')) return true;
  if (!in.TakeNumber(2, 1, 12, value)) return false;
  out.month = static_cast<std::uint8_t>(value);
  out.precision = Precision::kMonth;
  if (!in.Take('-')) return true;
  if (!in.TakeNumber(2, 1, static_cast<int>(LastDay(out.year, out.month)), value)) return false;
  out.day = static_cast<std::uint8_t>(value);
  out.precision = Precision::kDay;
  return true;
}

bool ReadTime(FieldReader& in, Temporal& out) {
  int value = 0;
  if (!in.TakeNumber(2, 0, 23, value)) return false;
  out.hour = static_cast<std::uint8_t>(value);
  out.precision = Precision::kHour;
  if (!in.Take(':')) return true;
  if (!in.TakeNumber(2, 0, 59, value)) return false;
  out.minute = static_cast<std::uint8_t>(value);
  out.precision = Precision::kMinute;
  if (!in.Take(':')) return true;
  if (!in.TakeNumber(2, 0, 60, value)) return false;  // FHIR instants may name a leap second.
  out.second = static_cast<std::uint8_t>(std::min(value, 59));
  out.precision = Precision::kSecond;
  return !in.Take('.') || in.TakeFraction(out.nanos, out.fraction_digits);
}

bool ReadZone(FieldReader& in, Temporal& out) {
  if (in.empty()) return true;
  out.has_zone = true;
  if (in.Take('Z')) return true;
  const bool west = in.Take('-');
  int hours = 0;
  int minutes = 0;
  if ((!west && !in.Take('+')) || !in.TakeNumber(2, 0, 14, hours) || !in.Take(':') ||
      !in.TakeNumber(2, 0, 59, minutes)) {
    return false;
  }
  const int offset = hours * 60 + minutes;
  out.zone_minutes = static_cast<std::int16_t>(west ? -offset : offset);
  return true;
}

void AppendNumber(int value, int width, std::string& out) {
  const std::string digits = std::to_string(value);
  out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))), '0');
  out.append(digits);
}

// Seconds since 1970 (for times: since midnight) of the start of the value, in UTC when a zone is
// known.
std::int64_t StartSeconds(const Temporal& t) {
  const std::int64_t days =
      t.kind == TemporalKind::kTime ? 0 : DaysFromCivil(t.year, t.month, t.day);
  return days * kSecondsPerDay + t.hour * 3600 + t.minute * 60 + t.second - t.zone_minutes * 60;
}

// The last second the value may mean.
std::int64_t EndSeconds(const Temporal& t) {
  const Temporal end = *t.Boundary(/*high=*/true, std::nullopt);
  Temporal same_zone = end;
  same_zone.has_zone = t.has_zone;
  same_zone.zone_minutes = t.zone_minutes;
  return StartSeconds(same_zone);
}

int Sign(std::int64_t value) { return value < 0 ? -1 : value > 0 ? 1 : 0; }

std::optional<int> CompareOneZone(const Temporal& a, const Temporal& b) {
  const std::array<std::int64_t, 6> left = {a.year, a.month, a.day, a.hour, a.minute, a.second};
  const std::array<std::int64_t, 6> right = {b.year, b.month, b.day, b.hour, b.minute, b.second};
  const auto known = static_cast<std::size_t>(std::min(a.precision, b.precision));
  const std::size_t first = a.kind == TemporalKind::kTime ? 3 : 0;
  for (std::size_t i = first; i < known; ++i) {
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  if (a.precision != b.precision) return std::nullopt;
  return Sign(static_cast<std::int64_t>(a.nanos) - b.nanos);
}

// One side has no zone, or the precision is coarser than the zones: compare what both may mean.
std::optional<int> CompareRanges(const Temporal& a, const Temporal& b) {
  const bool unknown_zone = a.has_zone != b.has_zone;
  const std::int64_t slack = unknown_zone ? kMaxZoneSeconds : 0;
  if (EndSeconds(a) + slack < StartSeconds(b)) return -1;
  if (StartSeconds(a) > EndSeconds(b) + slack) return 1;
  if (unknown_zone || a.precision != b.precision || a.precision < Precision::kMinute) {
    return std::nullopt;
  }
  const std::int64_t difference = StartSeconds(a) - StartSeconds(b);
  return Sign(difference * kNanosPerSecond + static_cast<std::int64_t>(a.nanos) - b.nanos);
}

struct DurationParts {
  std::int64_t months = 0;
  std::int64_t nanos = 0;
  std::int64_t days = 0;
};

// Parts of `amount` units no finer than the precision: FHIRPath #datetime-arithmetic turns a finer
// quantity into the precision of the date first (a year has 365 days, a month 30).
DurationParts PartsOf(std::int64_t amount, TimeUnit unit, Precision precision) {
  constexpr std::array<std::int64_t, 6> kSeconds = {
      7 * kSecondsPerDay, kSecondsPerDay, 3600, 60, 1, 0};
  DurationParts parts;
  if (unit <= TimeUnit::kMonth) {
    parts.months = unit == TimeUnit::kYear ? amount * 12 : amount;
    if (precision == Precision::kYear) parts.months -= parts.months % 12;
    return parts;
  }
  const std::int64_t seconds = unit == TimeUnit::kMillisecond
                                   ? amount / 1000
                                   : amount * kSeconds[static_cast<std::size_t>(unit) -
                                                       static_cast<std::size_t>(TimeUnit::kWeek)];
  if (precision <= Precision::kMonth) {
    const std::int64_t days = seconds / kSecondsPerDay;
    parts.months = precision == Precision::kYear ? days / 365 * 12 : days / 30;
    return parts;
  }
  std::int64_t step = precision == Precision::kDay      ? kSecondsPerDay
                      : precision == Precision::kHour   ? 3600
                      : precision == Precision::kMinute ? 60
                                                        : 1;
  const std::int64_t whole = seconds - seconds % step;
  parts.days = whole / kSecondsPerDay;
  parts.nanos = whole % kSecondsPerDay * kNanosPerSecond;
  if (unit == TimeUnit::kMillisecond && precision == Precision::kSecond) {
    parts.nanos += amount % 1000 * 1'000'000;
  }
  return parts;
}

bool AddMonths(Temporal& t, std::int64_t months) {
  const std::int64_t total = t.year * 12 + (t.month - 1) + months;
  if (total < 12 || total >= 10000 * 12) return false;
  t.year = static_cast<std::int16_t>(total / 12);
  t.month = static_cast<std::uint8_t>(total % 12 + 1);
  t.day = static_cast<std::uint8_t>(std::min<unsigned>(t.day, LastDay(t.year, t.month)));
  return true;
}

bool AddTime(Temporal& t, std::int64_t days, std::int64_t nanos) {
  const std::int64_t day_nanos = kSecondsPerDay * kNanosPerSecond;
  std::int64_t of_day =
      (t.hour * 3600 + t.minute * 60 + t.second) * kNanosPerSecond + t.nanos + nanos;
  days += of_day / day_nanos;
  of_day %= day_nanos;
  if (of_day < 0) {
    of_day += day_nanos;
    --days;
  }
  const std::int64_t seconds = of_day / kNanosPerSecond;
  t.nanos = static_cast<std::uint32_t>(of_day % kNanosPerSecond);
  t.hour = static_cast<std::uint8_t>(seconds / 3600);
  t.minute = static_cast<std::uint8_t>(seconds / 60 % 60);
  t.second = static_cast<std::uint8_t>(seconds % 60);
  if (t.kind == TemporalKind::kTime) return true;
  const std::int64_t day = DaysFromCivil(t.year, t.month, t.day) + days;
  if (day < DaysFromCivil(1, 1, 1) || day > DaysFromCivil(9999, 12, 31)) return false;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
  t.year = static_cast<std::int16_t>(static_cast<int>(date.year()));
  t.month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
  t.day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
  return true;
}

}  // namespace

std::optional<TimeUnit> CalendarUnit(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames = {"year", "month",  "week",   "day",
                                                      "hour", "minute", "second", "millisecond"};
  if (name.ends_with('s')) name.remove_suffix(1);
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<TimeUnit>(found - kNames.begin());
}

std::optional<TimeUnit> DefiniteUcumUnit(std::string_view code) {
  constexpr std::array<std::pair<std::string_view, TimeUnit>, 6> kCodes = {
      {{"wk", TimeUnit::kWeek},
       {"d", TimeUnit::kDay},
       {"h", TimeUnit::kHour},
       {"min", TimeUnit::kMinute},
       {"s", TimeUnit::kSecond},
       {"ms", TimeUnit::kMillisecond}}};
  for (const auto& [name, unit] : kCodes) {
    if (name == code) return unit;
  }
  return std::nullopt;
}

std::optional<Temporal> Temporal::Parse(TemporalKind kind, std::string_view text) {
  Temporal out;
  out.kind = kind;
  FieldReader in(text);
  bool good = kind == TemporalKind::kTime ? ReadTime(in, out) : ReadDate(in, out);
  if (good && kind == TemporalKind::kDateTime && in.Take('T') && !in.empty()) {
    good = out.precision == Precision::kDay && ReadTime(in, out) && ReadZone(in, out);
  }
  if (!good || !in.empty()) return std::nullopt;
  return out;
}

std::string Temporal::ToString() const {
  std::string out;
  if (kind != TemporalKind::kTime) {
    AppendNumber(year, 4, out);
    if (precision >= Precision::kMonth) AppendNumber(month, 2, out.append("-"));
    if (precision >= Precision::kDay) AppendNumber(day, 2, out.append("-"));
    if (precision >= Precision::kHour) out.push_back('T');
  }
  if (precision >= Precision::kHour) AppendNumber(hour, 2, out);
  if (precision >= Precision::kMinute) AppendNumber(minute, 2, out.append(":"));
  if (precision >= Precision::kSecond) AppendNumber(second, 2, out.append(":"));
  if (fraction_digits > 0) {
    std::string digits;
    AppendNumber(static_cast<int>(nanos), 9, digits);
    out.append(".").append(digits, 0, fraction_digits);
  }
  if (!has_zone) return out;
  if (zone_minutes == 0) return out + "Z";
  out.push_back(zone_minutes < 0 ? '-' : '+');
  AppendNumber(std::abs(zone_minutes) / 60, 2, out);
  AppendNumber(std::abs(zone_minutes) % 60, 2, out.append(":"));
  return out;
}

std::optional<int> Temporal::Compare(const Temporal& a, const Temporal& b) {
  const bool zones_matter = a.has_zone != b.has_zone || a.zone_minutes != b.zone_minutes;
  return zones_matter ? CompareRanges(a, b) : CompareOneZone(a, b);
}

bool Temporal::Equivalent(const Temporal& a, const Temporal& b) {
  return a.kind == b.kind && a.precision == b.precision && Compare(a, b) == 0;
}

std::optional<Temporal> Temporal::Plus(std::int64_t amount, TimeUnit unit) const {
  constexpr std::int64_t kMaxAmount = 400'000'000'000;  // Milliseconds of 12 years stay exact.
  if (amount > kMaxAmount * 1000 || amount < -kMaxAmount * 1000) return std::nullopt;
  if (unit < TimeUnit::kHour && (amount > 4'000'000 || amount < -4'000'000)) return std::nullopt;
  const bool months = unit <= TimeUnit::kMonth;
  if (kind == TemporalKind::kTime && (months || unit <= TimeUnit::kDay)) return *this;
  Temporal out = *this;
  const DurationParts parts = PartsOf(amount, unit, precision);
  if (parts.months != 0 && !AddMonths(out, parts.months)) return std::nullopt;
  if ((parts.days != 0 || parts.nanos != 0) && !AddTime(out, parts.days, parts.nanos)) {
    return std::nullopt;
  }
  if (out.nanos % 1'000'000 == 0 && out.nanos != 0 && out.fraction_digits < 3)
    out.fraction_digits = 3;
  return out;
}

int Temporal::PrecisionDigits() const {
  constexpr std::array<int, 7> kDigits = {0, 4, 6, 8, 10, 12, 14};
  const int digits = kDigits[static_cast<std::size_t>(precision)] + (fraction_digits > 0 ? 3 : 0);
  return kind == TemporalKind::kTime ? digits - 8 : digits;
}

std::optional<Temporal> Temporal::Boundary(bool high, std::optional<int> digits) const {
  const int default_digits = kind == TemporalKind::kDate ? 8 : 17;
  const bool time = kind == TemporalKind::kTime;
  const int wanted = digits ? *digits + (time ? 8 : 0) : default_digits;
  constexpr std::array<int, 7> kKnown = {4, 6, 8, 10, 12, 14, 17};
  if (std::find(kKnown.begin(), kKnown.end(), wanted) == kKnown.end()) return std::nullopt;
  if ((time && wanted < 10) || (kind == TemporalKind::kDate && wanted > 8)) return std::nullopt;
  Temporal out = *this;
  if (!time && precision < Precision::kMonth) out.month = high ? 12 : 1;
  if (!time && precision < Precision::kDay) {
    out.day = high ? static_cast<std::uint8_t>(LastDay(out.year, out.month)) : std::uint8_t{1};
  }
  if (precision < Precision::kHour) out.hour = high ? 23 : 0;
  if (precision < Precision::kMinute) out.minute = high ? 59 : 0;
  if (precision < Precision::kSecond) out.second = high ? 59 : 0;
  if (fraction_digits == 0) out.nanos = high ? 999'000'000 : 0;
  out.precision = static_cast<Precision>(wanted >= 14 ? 6 : wanted / 2 - 1);
  out.fraction_digits = wanted == 17 ? 3 : 0;
  if (wanted < 17) out.nanos = 0;
  if (wanted < 10) {
    out.has_zone = false;
    out.zone_minutes = 0;
  } else if (kind == TemporalKind::kDateTime && !has_zone) {
    out.has_zone = true;
    out.zone_minutes = high ? -12 * 60 : 14 * 60;
  }
  return out;
}

}  // namespace strata::fhirpath
