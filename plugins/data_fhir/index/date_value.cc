#include "plugins/data_fhir/index/date_value.h"

#include <array>
#include <chrono>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::index {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
constexpr std::int64_t kDayUs = 24 * 60 * kMinuteUs;
constexpr std::int64_t kSecondOffset = std::int64_t{1} << 39;
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

// Reads a date from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits; -1 when they are not there.
  int Number(std::size_t digits) {
    if (text_.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return -1;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  // The digits behind the point: microseconds and how many one unit of the last digit is.
  std::optional<DateRange> Fraction() {
    std::int64_t unit = kSecondUs;
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') {
      if (unit > 1) {
        unit /= 10;
        value += unit * (text_[digits] - '0');
      }
      ++digits;
    }
    text_.remove_prefix(digits);
    if (digits == 0) return std::nullopt;
    return DateRange{value, value + unit};
  }

 private:
  std::string_view text_;
};

std::int64_t MicrosOf(std::chrono::year_month_day day) {
  return std::chrono::sys_days(day).time_since_epoch().count() * kDayUs;
}

// "Z", "+01:00", nothing: minutes east of UTC.
std::optional<int> TakeOffset(Reader& reader) {
  if (reader.done() || reader.Take('Z')) return 0;
  const bool west = reader.Take('-');
  if (!west && !reader.Take('+') && !reader.Take(' ')) return std::nullopt;
  const int hours = reader.Number(2);
  if (hours < 0 || hours > 14 || !reader.Take(':')) return std::nullopt;
  const int minutes = reader.Number(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const int offset = hours * 60 + minutes;
  return west ? -offset : offset;
}

// hh:mm[:ss[.fff]] and the offset, as a span counted from the day's beginning.
std::optional<DateRange> TakeTime(Reader& reader) {
  const int hour = reader.Number(2);
  if (hour < 0 || hour > 23 || !reader.Take(':')) return std::nullopt;
  const int minute = reader.Number(2);
  if (minute < 0 || minute > 59) return std::nullopt;
  DateRange time{(hour * 60 + minute) * kMinuteUs, 0};
  time.high = time.low + kMinuteUs;
  if (reader.Take(':')) {
    const int second = reader.Number(2);
    if (second < 0 || second > 60) return std::nullopt;  // 60: a leap second.
    time.low += second * kSecondUs;
    time.high = time.low + kSecondUs;
    if (reader.Take('.')) {
      const std::optional<DateRange> fraction = reader.Fraction();
      if (!fraction) return std::nullopt;
      time = {time.low + fraction->low, time.low + fraction->high};
    }
  }
  const std::optional<int> offset = TakeOffset(reader);
  if (!offset || !reader.done()) return std::nullopt;
  return DateRange{time.low - *offset * kMinuteUs, time.high - *offset * kMinuteUs};
}

std::uint64_t Ordered(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ kSignBit; }
std::int64_t Unordered(std::uint64_t value) { return static_cast<std::int64_t>(value ^ kSignBit); }

bool IsSecond(const DateRange& range) {
  return range.high - range.low == kSecondUs && range.low % kSecondUs == 0;
}

}  // namespace

std::optional<DateRange> ParseDate(std::string_view text) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  Reader reader(text);
  const int y = reader.Number(4);
  if (y < 1) return std::nullopt;
  const year in_year(y);
  if (reader.done()) {
    return DateRange{MicrosOf(in_year / 1 / 1), MicrosOf(year(y + 1) / 1 / 1)};
  }
  if (!reader.Take('-')) return std::nullopt;
  const int m = reader.Number(2);
  if (m < 1 || m > 12) return std::nullopt;
  const auto in_month = in_year / month(static_cast<unsigned>(m));
  if (reader.done()) {
    return DateRange{MicrosOf(in_month / 1), MicrosOf((in_month + std::chrono::months(1)) / 1)};
  }
  if (!reader.Take('-')) return std::nullopt;
  const int d = reader.Number(2);
  if (d < 1) return std::nullopt;
  const auto date = in_month / day(static_cast<unsigned>(d));
  if (!date.ok()) return std::nullopt;
  const std::int64_t start = MicrosOf(date);
  if (reader.done()) return DateRange{start, start + kDayUs};
  if (!reader.Take('T')) return std::nullopt;
  const std::optional<DateRange> time = TakeTime(reader);
  if (!time) return std::nullopt;
  return DateRange{start + time->low, start + time->high};
}

bool DateMatches(Prefix prefix, const DateRange& searched, const DateRange& value) {
  const bool within = searched.low <= value.low && value.high <= searched.high;
  switch (prefix) {
    case Prefix::kEq:
      return within;
    case Prefix::kNe:
      return !within;
    case Prefix::kGt:
      return value.high > searched.high;
    case Prefix::kLt:
      return value.low < searched.low;
    case Prefix::kGe:
      return value.high > searched.high || within;
    case Prefix::kLe:
      return value.low < searched.low || within;
    case Prefix::kSa:
      return value.low >= searched.high;
    case Prefix::kEb:
      return value.high <= searched.low;
    case Prefix::kAp:
      return value.low < searched.high && searched.low < value.high;
  }
  return false;
}

DateRange Approximate(const DateRange& searched, std::int64_t now_us) {
  std::int64_t gap = 0;
  if (now_us < searched.low) gap = searched.low - now_us;
  if (now_us > searched.high) gap = now_us - searched.high;
  return {searched.low - gap / 10, searched.high + gap / 10};
}

std::int64_t MaxDuration(DateClass date_class) {
  constexpr std::array<std::int64_t, kDateClasses> kLongest = {
      kSecondUs, kDayUs, 32 * kDayUs, 366 * kDayUs, 4000 * kDayUs, 0, 0, 0};
  return kLongest[static_cast<std::size_t>(date_class)];
}

DateClass ClassOf(const DateRange& range) {
  if (range.low == DateRange::kNoLow) return DateClass::kNoLow;
  if (range.high == DateRange::kNoHigh) return DateClass::kNoHigh;
  if (IsSecond(range)) return DateClass::kSecond;
  const std::int64_t duration = range.high - range.low;
  for (const auto c : {DateClass::kDay, DateClass::kMonth, DateClass::kYear, DateClass::kDecade}) {
    if (duration <= MaxDuration(c)) return c;
  }
  return DateClass::kLonger;
}

std::string DateScanStart(DateClass date_class, std::int64_t low) {
  std::string out(1, static_cast<char>(date_class));
  if (date_class == DateClass::kSecond) {
    // Dates from year 1 to 9999 fit by far; what is beyond saturates.
    std::int64_t seconds = low / kSecondUs + (low % kSecondUs > 0 ? 1 : 0) + kSecondOffset;
    if (seconds < 0) seconds = 0;
    if (seconds >= kSecondOffset * 2) seconds = kSecondOffset * 2 - 1;
    layout::AppendBigEndian(static_cast<std::uint64_t>(seconds), 5, &out);
  } else {
    layout::AppendBigEndian(Ordered(low), 8, &out);
  }
  return out;
}

void AppendDate(const DateRange& range, std::string* out) {
  const DateClass date_class = ClassOf(range);
  const std::int64_t first = date_class == DateClass::kNoLow ? range.high : range.low;
  out->append(DateScanStart(date_class, first));
  if (date_class >= DateClass::kDay && date_class <= DateClass::kLonger) {
    layout::AppendBigEndian(Ordered(range.high), 8, out);
  }
}

std::optional<DateRange> TakeDate(std::string_view* bytes) {
  if (bytes->empty() || static_cast<unsigned char>(bytes->front()) >= kDateClasses) {
    return std::nullopt;
  }
  const auto date_class = static_cast<DateClass>(bytes->front());
  bytes->remove_prefix(1);
  const bool both = date_class >= DateClass::kDay && date_class <= DateClass::kLonger;
  const std::size_t size = date_class == DateClass::kSecond ? 5 : both ? 16 : 8;
  if (bytes->size() < size) return std::nullopt;
  const std::string_view number = bytes->substr(0, size);
  bytes->remove_prefix(size);
  if (date_class == DateClass::kSecond) {
    const auto seconds = static_cast<std::int64_t>(layout::ReadBigEndian(number, 5));
    const std::int64_t low = (seconds - kSecondOffset) * kSecondUs;
    return DateRange{low, low + kSecondUs};
  }
  const std::int64_t first = Unordered(layout::ReadBigEndian(number, 8));
  if (date_class == DateClass::kNoHigh) return DateRange{first, DateRange::kNoHigh};
  if (date_class == DateClass::kNoLow) return DateRange{DateRange::kNoLow, first};
  return DateRange{first, Unordered(layout::ReadBigEndian(number.substr(8), 8))};
}

}  // namespace strata::fhir::index
