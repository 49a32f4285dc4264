#include "plugins/data_fhir/index/number_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace strata::fhir::index {
namespace {

TEST(ParseNumberRange, EveryWrittenDigitCounts) {
  // The examples of FHIR R4 search.html#number.
  EXPECT_EQ(ParseNumberRange("100")->low, 99.5);
  EXPECT_EQ(ParseNumberRange("100")->high, 100.5);
  EXPECT_EQ(ParseNumberRange("100.00")->low, 99.995);
  EXPECT_EQ(ParseNumberRange("100.00")->high, 100.005);
  EXPECT_EQ(ParseNumberRange("1e2")->low, 95);
  EXPECT_EQ(ParseNumberRange("1e2")->high, 105);
  EXPECT_EQ(ParseNumberRange("5.40e-3")->low, 0.005395);
  EXPECT_EQ(ParseNumberRange("-7")->low, -7.5);
  EXPECT_EQ(ParseNumberRange("0")->high, 0.5);
}

TEST(ParseNumberRange, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "-", "1.", ".5", "1e", "1e9999", "0x10", "1,5", "nan", "inf", "1 "}) {
    EXPECT_FALSE(ParseNumberRange(text).has_value()) << text;
  }
}

TEST(ParseNumberRange, TakesMoreDigitsThanADoubleHolds) {
  const auto range = ParseNumberRange("0.12345678901234567890123");

  ASSERT_TRUE(range.has_value());
  EXPECT_LE(range->low, range->value);
  EXPECT_LE(range->value, range->high);
}

TEST(NumberMatches, ComparesWithTheNumberOrItsRange) {
  const NumberRange hundred = *ParseNumberRange("100");

  EXPECT_TRUE(NumberMatches(Prefix::kEq, hundred, 99.5));
  EXPECT_FALSE(NumberMatches(Prefix::kEq, hundred, 100.5));
  EXPECT_TRUE(NumberMatches(Prefix::kNe, hundred, 100.5));
  EXPECT_FALSE(NumberMatches(Prefix::kGt, hundred, 100));
  EXPECT_TRUE(NumberMatches(Prefix::kGt, hundred, 100.1));
  EXPECT_TRUE(NumberMatches(Prefix::kLt, hundred, 99.9));
  EXPECT_TRUE(NumberMatches(Prefix::kGe, hundred, 100));
  EXPECT_TRUE(NumberMatches(Prefix::kLe, hundred, 100));
  EXPECT_FALSE(NumberMatches(Prefix::kSa, hundred, 100.1));
  EXPECT_TRUE(NumberMatches(Prefix::kSa, hundred, 100.5));
  EXPECT_TRUE(NumberMatches(Prefix::kEb, hundred, 99.4));
  EXPECT_TRUE(NumberMatches(Prefix::kAp, hundred, 110));
  EXPECT_FALSE(NumberMatches(Prefix::kAp, hundred, 110.1));
}

TEST(IntervalMatches, ALeftOpenRangeOverlapsWhatIsBelow) {
  const double infinity = std::numeric_limits<double>::infinity();
  const NumberRange five = *ParseNumberRange("5");

  EXPECT_TRUE(IntervalMatches(Prefix::kLt, five, -infinity, 10));
  EXPECT_TRUE(IntervalMatches(Prefix::kGt, five, -infinity, 10));
  EXPECT_FALSE(IntervalMatches(Prefix::kEq, five, -infinity, 10));
  EXPECT_TRUE(IntervalMatches(Prefix::kSa, five, 6, infinity));
}

TEST(AppendNumber, KeepsTheOrder) {
  const std::vector<double> numbers = {-1e300, -2, -1.5, -1e-300, 0, 1e-300, 0.5, 1, 7e22};
  std::vector<std::string> keys;
  for (const double number : numbers) {
    AppendNumber(number, &keys.emplace_back());
    std::string_view rest = keys.back();
    EXPECT_EQ(TakeNumber(&rest), number);
  }

  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(AppendNumber, HasOneZero) {
  std::string plus;
  std::string minus;
  AppendNumber(0.0, &plus);
  AppendNumber(-0.0, &minus);

  EXPECT_EQ(plus, minus);
}

}  // namespace
}  // namespace strata::fhir::index
