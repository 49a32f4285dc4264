#include "core/base/datetime.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/base/digits.h"

namespace strata::web {
namespace {

using base::PutDigits;
using base::PutText;
using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

// Reads fixed-width pieces off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool Skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool Skip(std::string_view prefix) {
    if (!text_.starts_with(prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
  }
  bool Digits(std::size_t count, unsigned* out) {
    if (text_.size() < count) return false;
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      value = value * 10 + static_cast<unsigned>(text_[i] - '0');
    }
    text_.remove_prefix(count);
    *out = value;
    return true;
  }
  // Digits after the point, as microseconds; what is finer is dropped.
  bool Fraction(std::int64_t* us) {
    std::int64_t unit = kSecond / 10;
    std::size_t used = 0;
    while (used < text_.size() && text_[used] >= '0' && text_[used] <= '9') {
      *us += unit * (text_[used++] - '0');
      unit /= 10;
    }
    text_.remove_prefix(used);
    return used > 0;
  }
  template <std::size_t N>
  bool OneOf(const std::array<std::string_view, N>& names, unsigned* index) {
    for (unsigned i = 0; i < N; ++i) {
      if (Skip(names[i])) {
        *index = i;
        return true;
      }
    }
    return false;
  }

 private:
  std::string_view text_;
};

std::int64_t DayStart(int y, unsigned m, unsigned d) {
  const sys_days at = year_month_day(year(y), month(m), day(d));
  return at.time_since_epoch().count() * kDay;
}

bool ParseOffset(Cursor* in, DateTime* out) {
  if (in->done()) return true;
  out->has_offset = true;
  if (in->Skip('Z')) return in->done();
  const bool negative = in->Skip('-');
  unsigned hours = 0;
  unsigned minutes = 0;
  if (!negative && !in->Skip('+')) return false;
  if (!in->Digits(2, &hours) || !in->Skip(':') || !in->Digits(2, &minutes)) return false;
  if (hours > 14 || minutes > 59) return false;
  out->offset_minutes = static_cast<int>(hours * 60 + minutes) * (negative ? -1 : 1);
  return in->done();
}

// What follows the "T".
bool ParseTime(Cursor* in, DateTime* out) {
  out->precision = Precision::kMinute;
  std::int64_t fraction_us = 0;
  std::int64_t span_us = kMinute;
  if (!in->Digits(2, &out->hour) || !in->Skip(':') || !in->Digits(2, &out->minute)) return false;
  if (in->Skip(':')) {
    out->precision = Precision::kSecond;
    span_us = kSecond;
    if (!in->Digits(2, &out->second)) return false;
    if (in->Skip('.')) {
      if (!in->Fraction(&fraction_us)) return false;
      span_us = 1000;
    }
  }
  if (out->hour > 23 || out->minute > 59 || out->second > 60) return false;
  if (!ParseOffset(in, out)) return false;
  out->begin_us += out->hour * kHour + out->minute * kMinute + out->second * kSecond + fraction_us -
                   out->offset_minutes * kMinute;
  out->end_us = out->begin_us + span_us;
  return true;
}

}  // namespace

std::optional<DateTime> ParseDateTime(std::string_view text) {
  Cursor in(text);
  DateTime out;
  unsigned y = 0;
  if (!in.Digits(4, &y) || y == 0) return std::nullopt;
  out.year = static_cast<int>(y);
  out.begin_us = DayStart(out.year, 1, 1);
  out.end_us = DayStart(out.year + 1, 1, 1);
  if (in.done()) return out;
  out.precision = Precision::kMonth;
  if (!in.Skip('-') || !in.Digits(2, &out.month)) return std::nullopt;
  if (out.month < 1 || out.month > 12) return std::nullopt;
  out.begin_us = DayStart(out.year, out.month, 1);
  out.end_us = out.month == 12 ? out.end_us : DayStart(out.year, out.month + 1, 1);
  if (in.done()) return out;
  out.precision = Precision::kDay;
  if (!in.Skip('-') || !in.Digits(2, &out.day)) return std::nullopt;
  if (!year_month_day(year(out.year), month(out.month), day(out.day)).ok()) return std::nullopt;
  out.begin_us = DayStart(out.year, out.month, out.day);
  out.end_us = out.begin_us + kDay;
  if (in.done()) return out;
  if (!in.Skip('T') || !ParseTime(&in, &out)) return std::nullopt;
  return out;
}

void AppendHttpDate(std::int64_t us, std::string* out) {
  const std::int64_t since = us >= 0 ? us / kDay : (us - kDay + 1) / kDay;
  const sys_days date{days(since)};
  const year_month_day ymd(date);
  const unsigned weekday = std::chrono::weekday(date).c_encoding();
  char text[32];
  char* at = PutText(text, kWeekdays[weekday]);
  at = PutText(at, ", ");
  at = PutDigits(at, 2, static_cast<unsigned>(ymd.day()));
  *at++ = ' ';
  at = PutText(at, kMonths[static_cast<unsigned>(ymd.month()) - 1]);
  *at++ = ' ';
  at = PutDigits(at, 4, static_cast<std::uint64_t>(static_cast<int>(ymd.year())));
  *at++ = ' ';
  at = base::PutTimeOfDay(at, static_cast<std::uint64_t>((us - since * kDay) / kSecond));
  at = PutText(at, " GMT");
  out->append(text, at);
}

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  Cursor in(text);
  unsigned weekday = 0;
  unsigned d = 0;
  unsigned m = 0;
  unsigned y = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  const bool shape = in.OneOf(kWeekdays, &weekday) && in.Skip(", ") && in.Digits(2, &d) &&
                     in.Skip(' ') && in.OneOf(kMonths, &m) && in.Skip(' ') && in.Digits(4, &y) &&
                     in.Skip(' ') && in.Digits(2, &hour) && in.Skip(':') && in.Digits(2, &minute) &&
                     in.Skip(':') && in.Digits(2, &second) && in.Skip(" GMT") && in.done();
  if (!shape || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const year_month_day ymd(year(static_cast<int>(y)), month(m + 1), day(d));
  if (!ymd.ok()) return std::nullopt;
  return DayStart(static_cast<int>(y), m + 1, d) + hour * kHour + minute * kMinute +
         second * kSecond;
}

void AppendInstant(std::int64_t us, std::string* out) {
  const std::chrono::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds(us)};
  const auto second = std::chrono::floor<std::chrono::seconds>(instant);
  char text[32];
  char* at = base::PutDateTime(text, second);
  *at++ = '.';
  at = PutDigits(at, 3, static_cast<std::uint64_t>((instant - second).count() / 1000));
  *at++ = 'Z';
  out->append(text, at);
}

}  // namespace strata::web
