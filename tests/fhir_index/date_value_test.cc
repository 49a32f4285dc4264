#include "plugins/data_fhir/index/date_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace strata::fhir::index {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

TEST(ParseDate, CoversWhatThePrecisionLeavesOpen) {
  EXPECT_EQ(ParseDate("1970"), (DateRange{0, 365 * kDay}));
  EXPECT_EQ(ParseDate("1970-02"), (DateRange{31 * kDay, 59 * kDay}));
  EXPECT_EQ(ParseDate("1970-12"), (DateRange{334 * kDay, 365 * kDay}));
  EXPECT_EQ(ParseDate("1970-01-02"), (DateRange{kDay, 2 * kDay}));
  EXPECT_EQ(ParseDate("1970-01-01T00:01Z"), (DateRange{60 * kSecond, 120 * kSecond}));
  EXPECT_EQ(ParseDate("1970-01-01T00:00:05Z"), (DateRange{5 * kSecond, 6 * kSecond}));
  EXPECT_EQ(ParseDate("1970-01-01T00:00:05.2Z"), (DateRange{5'200'000, 5'300'000}));
  EXPECT_EQ(ParseDate("1970-01-01T00:00:05.123456789Z"), (DateRange{5'123'456, 5'123'457}));
}

TEST(ParseDate, TakesOffsetsAndMeansUtcWithout) {
  const auto utc = ParseDate("1970-01-01T12:00:00Z");

  EXPECT_EQ(ParseDate("1970-01-01T13:00:00+01:00"), utc);
  EXPECT_EQ(ParseDate("1970-01-01T06:30:00-05:30"), utc);
  EXPECT_EQ(ParseDate("1970-01-01T12:00:00"), utc);
  EXPECT_EQ(ParseDate("1970-01-01T13:00:00 01:00"), utc);  // A plus that a URL turned to a space.
}

TEST(ParseDate, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "97", "1970-13", "1970-00", "2021-02-29", "1970-01-32", "1970-01-01T24:00:00Z",
        "1970-01-01T", "1970-01-01T10", "1970-01-01T10:61", "1970-01-01T10:00:00.Z", "1970-1-1",
        "0000", "1970-01-01T10:00:00+25:00", "1970-01-01 10:00", "today", "1970x", "-970"}) {
    EXPECT_FALSE(ParseDate(text).has_value()) << text;
  }
}

TEST(ParseDate, KnowsLeapDaysAndLeapSeconds) {
  EXPECT_TRUE(ParseDate("2000-02-29").has_value());
  EXPECT_FALSE(ParseDate("1900-02-29").has_value());
  EXPECT_EQ(ParseDate("1970-01-01T00:00:60Z"), (DateRange{60 * kSecond, 61 * kSecond}));
}

struct Case {
  Prefix prefix;
  const char* searched;
  const char* value_low;
  const char* value_high;  // The value lasts from the first's begin to the second's end.
  bool matches;
};

// FHIR R4 search.html#prefix, row by row.
TEST(DateMatches, FollowsTheTableOfPrefixes) {
  const std::vector<Case> cases = {
      {Prefix::kEq, "2013-01", "2013-01-14", "2013-01-14", true},
      {Prefix::kEq, "2013-01-14", "2013-01", "2013-01", false},  // Not fully contained.
      {Prefix::kEq, "2013", "2012-12-31", "2013-01-01", false},
      {Prefix::kNe, "2013-01-14", "2013-01-15", "2013-01-15", true},
      {Prefix::kNe, "2013-01-14", "2013-01-14T00:00", "2013-01-14T10:00", false},
      {Prefix::kGt, "2013-01-14", "2013-01-15", "2013-01-15", true},
      {Prefix::kGt, "2013-01-14", "2013-01-14", "2013-01-14", false},
      {Prefix::kGt, "2013-01-14", "2013-01-01", "2013-01-31", true},  // Ends above.
      {Prefix::kLt, "2013-01-14", "2013-01-13", "2013-01-13", true},
      {Prefix::kLt, "2013-01-14", "2013-01-14", "2013-01-14", false},
      {Prefix::kLt, "2013-01-14", "2013-01-01", "2013-01-31", true},  // Begins below.
      {Prefix::kGe, "2013-01-14", "2013-01-14", "2013-01-14", true},
      {Prefix::kGe, "2013-03-14", "2013-01-21", "2013-01-31", false},
      {Prefix::kLe, "2013-01-14", "2013-01-14", "2013-01-14", true},
      {Prefix::kLe, "2013-03-14", "2013-04-01", "2013-04-02", false},
      {Prefix::kSa, "2013-03-14", "2013-03-15", "2013-03-31", true},
      {Prefix::kSa, "2013-03-14", "2013-03-14", "2013-03-31", false},
      {Prefix::kEb, "2013-03-14", "2013-01-21", "2013-03-13", true},
      {Prefix::kEb, "2013-03-14", "2013-01-21", "2013-03-14", false},
      {Prefix::kAp, "2013-03-14", "2013-03-14", "2013-03-14", true},
      {Prefix::kAp, "2013-03-14", "2013-03-15", "2013-03-15", false},
  };
  for (const Case& c : cases) {
    const DateRange value{ParseDate(c.value_low)->low, ParseDate(c.value_high)->high};
    EXPECT_EQ(DateMatches(c.prefix, *ParseDate(c.searched), value), c.matches)
        << PrefixName(c.prefix) << c.searched << " " << c.value_low << ".." << c.value_high;
  }
}

TEST(DateMatches, OpenPeriodsReachAsFarAsTime) {
  const DateRange since{ParseDate("2010")->low, DateRange::kNoHigh};

  EXPECT_TRUE(DateMatches(Prefix::kGt, *ParseDate("2030"), since));
  EXPECT_FALSE(DateMatches(Prefix::kEb, *ParseDate("2030"), since));
  EXPECT_FALSE(DateMatches(Prefix::kLt, *ParseDate("2010"), since));
}

TEST(Approximate, WidensByATenthOfTheDistanceToNow) {
  const DateRange day{0, kDay};

  EXPECT_EQ(Approximate(day, 101 * kDay), (DateRange{-10 * kDay, 11 * kDay}));
  EXPECT_EQ(Approximate(day, -10 * kDay), (DateRange{-kDay, 2 * kDay}));
  EXPECT_EQ(Approximate(day, kDay / 2), day);
}

TEST(AppendDate, ComesBackAsItWas) {
  std::vector<DateRange> ranges = {{DateRange::kNoLow, 7}, {7, DateRange::kNoHigh}};
  for (const char* text : {"0001", "1850-03", "1969-12-31", "1969-12-31T23:59:59Z", "2020-01-01",
                           "2020-01-01T10:00:00Z", "2020-01-01T10:00:00.123Z", "9999-12-31"}) {
    ranges.push_back(*ParseDate(text));
  }
  ranges.push_back({0, 100 * kDay});
  ranges.push_back({0, 1000 * kDay});
  ranges.push_back({0, 9000 * kDay});
  for (const DateRange& range : ranges) {
    std::string bytes;
    AppendDate(range, &bytes);
    std::string_view rest = bytes;
    EXPECT_EQ(TakeDate(&rest), range);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(AppendDate, OrdersByLowEndWithinAClass) {
  std::vector<std::string> keys;
  for (const char* text : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                           "2020-06-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    AppendDate(*ParseDate(text), &keys.emplace_back());
  }

  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_THAT(keys, testing::Each(testing::SizeIs(6)));
}

TEST(TakeDate, RefusesBytesThatAreNoDate) {
  for (const std::string& bytes : {std::string(), std::string("\x09", 1), std::string("\0\1", 2)}) {
    std::string_view rest = bytes;
    EXPECT_FALSE(TakeDate(&rest).has_value());
  }
}

}  // namespace
}  // namespace strata::fhir::index
