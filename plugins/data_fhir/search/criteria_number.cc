// Dates, numbers and quantities.

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/index/quantity_units.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using index::DateClass;
using index::DateRange;
using index::NumberBounds;
using index::NumberRange;
using index::Prefix;
using index::QuantityForm;
using index::StoredQuantity;

Status Expected(std::string_view what) {
  return InvalidArgument("the value should be " + std::string(what));
}

// ---- dates ------------------------------------------------------------------------------------

// First ends [from, to) of the dates of a class that can match.
struct Window {
  std::int64_t from = DateRange::kNoLow;
  std::int64_t to = DateRange::kNoHigh;
};

// Of dates with two ends that are at most `longest` apart (0: any distance).
Window BoundedWindow(Prefix prefix, const DateRange& searched, std::int64_t longest) {
  const std::int64_t reaches =
      longest == 0 ? DateRange::kNoLow : searched.high - longest;  // Ends behind `searched`.
  const std::int64_t overlaps = longest == 0 ? DateRange::kNoLow : searched.low - longest;
  switch (prefix) {
    case Prefix::kEq:
      return {searched.low, searched.high};
    case Prefix::kNe:
      return {};
    case Prefix::kGt:
      return {reaches, DateRange::kNoHigh};
    case Prefix::kGe:
      return {std::min(reaches, searched.low), DateRange::kNoHigh};
    case Prefix::kLt:
    case Prefix::kEb:
      return {DateRange::kNoLow, searched.low};
    case Prefix::kLe:
      return {DateRange::kNoLow, searched.high};
    case Prefix::kSa:
      return {searched.high, DateRange::kNoHigh};
    case Prefix::kAp:
      return {overlaps, searched.high};
  }
  return {};
}

ValueSpan SpanOf(DateClass date_class, const Window& window) {
  ValueSpan span = StartingWith(std::string(1, static_cast<char>(date_class)));
  if (window.from != DateRange::kNoLow) span.begin = DateScanStart(date_class, window.from);
  if (window.to != DateRange::kNoHigh) span.end = DateScanStart(date_class, window.to);
  return span;
}

Criterion DateCriterion(layout::ParameterNumber parameter, Prefix prefix,
                        const DateRange& searched) {
  Criterion criterion;
  criterion.parameter = parameter;
  for (int i = 0; i < index::kDateClasses; ++i) {
    const auto date_class = static_cast<DateClass>(i);
    const bool open = date_class >= DateClass::kNoHigh;
    // Dates that are open at one end are few: the filter is enough.
    const Window window =
        open ? Window{} : BoundedWindow(prefix, searched, index::MaxDuration(date_class));
    criterion.spans.push_back(SpanOf(date_class, window));
  }
  criterion.matches = [prefix, searched](std::string_view value) {
    const std::optional<DateRange> date = index::TakeDate(&value);
    return date && index::DateMatches(prefix, searched, *date);
  };
  return criterion;
}

// ---- numbers ----------------------------------------------------------------------------------

// Values `head` + a number within the bounds + anything.
ValueSpan NumberSpan(std::string head, const std::optional<NumberBounds>& bounds) {
  if (!bounds) return StartingWith(head);
  std::string begin = head;
  index::AppendNumber(bounds->low, &begin);
  index::AppendNumber(bounds->high, &head);
  return {std::move(begin), layout::PrefixEnd(head)};
}

struct PrefixedNumber {
  Prefix prefix = Prefix::kEq;
  NumberRange range;
};

std::optional<PrefixedNumber> TakeNumber(std::string_view text) {
  PrefixedNumber number;
  number.prefix = index::TakePrefix(&text);
  const std::optional<NumberRange> range = index::ParseNumberRange(text);
  if (!range) return std::nullopt;
  number.range = *range;
  return number;
}

// ---- quantities -------------------------------------------------------------------------------

bool NumberOf(const PrefixedNumber& number, const StoredQuantity& stored) {
  if (stored.form == QuantityForm::kRange) {
    return index::IntervalMatches(number.prefix, number.range, stored.low, stored.high);
  }
  return index::NumberMatches(number.prefix, number.range, stored.low);
}

std::string ShortHash(std::string_view text) {
  std::string hash;
  index::AppendShortHash(text, &hash);
  return hash;
}

// What a search says of the unit, as hashes; empty: nothing.
struct UnitWanted {
  std::string system;
  std::string code;

  bool Matches(const StoredQuantity& stored) const {
    if (code.empty()) return true;
    if (!system.empty()) return stored.system == system && stored.code == code;
    return stored.code == code || stored.unit == code;  // R4 search.html#quantity, 5.4||mg
  }
};

Criterion AsWritten(layout::ParameterNumber parameter, const PrefixedNumber& number,
                    UnitWanted unit) {
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {NumberSpan(std::string(1, static_cast<char>(QuantityForm::kAsWritten)),
                                BoundsOf(number.prefix, number.range)),
                     StartingWith(std::string(1, static_cast<char>(QuantityForm::kRange)))};
  criterion.matches = [number, unit = std::move(unit)](std::string_view value) {
    const std::optional<StoredQuantity> stored = index::TakeQuantity(&value);
    return stored && NumberOf(number, *stored) && unit.Matches(*stored);
  };
  return criterion;
}

// In UCUM base units; doubles of converted numbers are compared with a little tolerance.
Criterion Converted(layout::ParameterNumber parameter, const PrefixedNumber& number,
                    const index::BaseUnit& unit) {
  PrefixedNumber base = number;
  base.range = {unit.Convert(number.range.value), unit.Convert(number.range.low),
                unit.Convert(number.range.high)};
  const std::optional<NumberBounds> bounds = index::BoundsInBase(base.prefix, base.range);
  std::string head(1, static_cast<char>(QuantityForm::kCanonical));
  index::AppendShortHash(unit.name, &head);
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {NumberSpan(head, bounds)};
  if (bounds) return criterion;
  const std::optional<NumberBounds> equal = index::BoundsInBase(Prefix::kEq, base.range);
  criterion.matches = [equal](std::string_view value) {
    const std::optional<StoredQuantity> stored = index::TakeQuantity(&value);
    return stored && (stored->low < equal->low || equal->high < stored->low);
  };
  return criterion;
}

}  // namespace

Result<Criteria> CompileDate(const Subject& subject, std::string_view value) {
  const Prefix prefix = index::TakePrefix(&value);
  std::optional<DateRange> searched = index::ParseDate(value);
  if (!searched) {
    return Expected(
        "a date such as 2020-05-17 or 2020-05-17T10:00:00Z, behind eq, ne, gt, lt, ge, "
        "le, sa, eb, ap or nothing");
  }
  if (prefix == Prefix::kAp) searched = index::Approximate(*searched, subject.now_us);
  return Criteria{DateCriterion(subject.parameter, prefix, *searched)};
}

Result<Criteria> CompileOverlap(const Subject& subject, std::string_view value) {
  const std::optional<DateRange> searched = index::ParseDate(value);
  if (!searched) return Expected("a date such as 2020-05-17 or 2020-05");
  return Criteria{DateCriterion(subject.parameter, Prefix::kAp, *searched)};
}

Result<Criteria> CompileNumber(const Subject& subject, std::string_view value) {
  const std::optional<PrefixedNumber> number = TakeNumber(value);
  if (!number) return Expected("a number such as 100, 5.40 or 1e2, behind a prefix or nothing");
  Criterion criterion;
  criterion.parameter = subject.parameter;
  criterion.spans = {NumberSpan({}, BoundsOf(number->prefix, number->range))};
  criterion.matches = [number = *number](std::string_view bytes) {
    const std::optional<double> stored = index::TakeNumber(&bytes);
    return stored && index::NumberMatches(number.prefix, number.range, *stored);
  };
  return Criteria{std::move(criterion)};
}

Result<Criteria> CompileQuantity(const Subject& subject, std::string_view value) {
  const auto parts = SplitEscaped(value, '|');
  const std::optional<PrefixedNumber> number = TakeNumber(parts[0]);
  if (!number || parts.size() == 2 || parts.size() > 3 || (parts.size() == 3 && parts[2].empty())) {
    return Expected("number, number|system|code or number||code, behind a prefix or nothing");
  }
  if (parts.size() == 1) return Criteria{AsWritten(subject.parameter, *number, {})};
  const std::string system = Unescape(parts[1]);
  const std::string code = Unescape(parts[2]);
  UnitWanted wanted{system.empty() ? std::string() : ShortHash(system), ShortHash(code)};
  Criteria criteria = {AsWritten(subject.parameter, *number, std::move(wanted))};
  if (system != index::kUcumSystem) return criteria;
  if (const std::optional<index::BaseUnit> unit = index::BaseUnitOf(code)) {
    criteria.push_back(Converted(subject.parameter, *number, *unit));
  }
  return criteria;
}

}  // namespace strata::fhir::search
