#include <gtest/gtest.h>

#include <string>

#include "plugins/data_fhir/fhirpath/decimal.h"
#include "plugins/data_fhir/fhirpath/temporal.h"

namespace strata::fhirpath {
namespace {

std::string Text(const std::optional<Decimal>& value) { return value ? value->ToString() : "none"; }
Decimal D(std::string_view text) { return *Decimal::Parse(text); }

TEST(Decimal, KeepsItsScale) {
  EXPECT_EQ(Text(Decimal::Parse("1.10")), "1.10");
  EXPECT_EQ(Text(Decimal::Parse("-0.050")), "-0.050");
  EXPECT_EQ(Text(Decimal::Parse("1e3")), "1000");
  EXPECT_EQ(Text(Decimal::Parse("1.5E-3")), "0.0015");
  EXPECT_EQ(Text(Decimal::Parse("0")), "0");
  EXPECT_TRUE(D("1.10") == D("1.1"));
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (std::string_view text : {"", "-", ".", "1.", ".5", "1e", "1e99", "0x1", "1 ", "1.2.3",
                                "12345678901234567890123456789"}) {
    EXPECT_EQ(Text(Decimal::Parse(text)), "none") << text;
  }
}

TEST(Decimal, CalculatesExactly) {
  EXPECT_EQ(Text(Decimal::Add(D("0.1"), D("0.2"))), "0.3");
  EXPECT_EQ(Text(Decimal::Multiply(D("1.2"), D("1.8"))), "2.16");
  EXPECT_EQ(Text(Decimal::Divide(D("1.2"), D("1.8"))), "0.66666667");
  EXPECT_EQ(Text(Decimal::Divide(D("1"), D("0"))), "none");
  EXPECT_EQ(Text(Decimal::Multiply(D("9999999999999999"), D("9999999999999999"))), "none");
  EXPECT_EQ(Text(Decimal::Add(D("1234567890123456789012345678"), D("0.4"))),
            "1234567890123456789012345678");
}

TEST(Decimal, ComparesAcrossScales) {
  EXPECT_LT(Decimal::Compare(D("-1"), D("0.0000000000000000000000001")), 0);
  EXPECT_GT(
      Decimal::Compare(D("9999999999999999999999999999"), D("0.0000000000000000000000000001")), 0);
  EXPECT_LT(
      Decimal::Compare(D("-9999999999999999999999999999"), D("0.0000000000000000000000000001")), 0);
  EXPECT_EQ(Decimal::Compare(D("2.00"), D("2")), 0);
}

TEST(Decimal, RoundsInEveryDirection) {
  using Rounding = Decimal::Rounding;
  EXPECT_EQ(Text(D("-2.5").WithScale(0, Rounding::kHalfUp)), "-3");
  EXPECT_EQ(Text(D("-2.5").WithScale(0, Rounding::kDown)), "-2");
  EXPECT_EQ(Text(D("-2.5").WithScale(0, Rounding::kFloor)), "-3");
  EXPECT_EQ(Text(D("-2.5").WithScale(0, Rounding::kCeiling)), "-2");
  EXPECT_EQ(Text(D("2.5").WithScale(3, Rounding::kHalfUp)), "2.500");
}

Temporal At(std::string_view text) { return *Temporal::Parse(TemporalKind::kDateTime, text); }
std::string Compared(std::string_view a, std::string_view b) {
  const auto order = Temporal::Compare(At(a), At(b));
  return !order ? "open" : *order < 0 ? "<" : *order > 0 ? ">" : "=";
}

TEST(Temporal, ParsesAndPrints) {
  for (std::string_view text :
       {"2014", "2014-01", "2014-01-05", "2014-01-05T10", "2014-01-05T10:30", "2014-01-05T10:30:00",
        "2014-01-05T10:30:00.120+01:00", "2014-01-05T10:30:00Z", "2014-01-05T10:30:00-05:30"}) {
    EXPECT_EQ(At(text).ToString(), text);
  }
  EXPECT_EQ(Temporal::Parse(TemporalKind::kTime, "10:30")->ToString(), "10:30");
}

TEST(Temporal, RefusesWhatDoesNotExist) {
  for (std::string_view text :
       {"", "14", "2014-13", "2014-02-29", "2014-01-05T24", "2014-01T10", "2014-01-05T10:60",
        "2014-01-05T10:30:00+15:00", "2014-01-05 10:30", "2014-01-05T10:30:00.", "0000"}) {
    EXPECT_FALSE(Temporal::Parse(TemporalKind::kDateTime, text)) << text;
  }
  EXPECT_FALSE(Temporal::Parse(TemporalKind::kDate, "2014-01-05T10"));
  EXPECT_FALSE(Temporal::Parse(TemporalKind::kTime, "10:30Z"));
}

TEST(Temporal, ComparesAsFarAsItIsKnown) {
  EXPECT_EQ(Compared("2014-01", "2014-02-03"), "<");
  EXPECT_EQ(Compared("2014-01", "2014-01-03"), "open");
  EXPECT_EQ(Compared("2014-01-05T10:30:00", "2014-01-05T10:30:00.0"), "=");
  EXPECT_EQ(Compared("2014-01-05T10:30:00+02:00", "2014-01-05T09:30:00+01:00"), "=");
  EXPECT_EQ(Compared("2014-01-05T10:30:00Z", "2014-01-05T10:30:00"), "open");
  EXPECT_EQ(Compared("2014-01-05T10:30:00Z", "2014-01-07T10:30:00"), "<");
  EXPECT_EQ(Compared("2014", "2016-01-05T10:30:00Z"), "<");
}

TEST(Temporal, AddsInItsOwnPrecision) {
  EXPECT_EQ(At("2012-01-31").Plus(1, TimeUnit::kMonth)->ToString(), "2012-02-29");
  EXPECT_EQ(At("2012-02-29").Plus(-1, TimeUnit::kYear)->ToString(), "2011-02-28");
  EXPECT_EQ(At("2014").Plus(24, TimeUnit::kMonth)->ToString(), "2016");
  EXPECT_EQ(At("2014").Plus(23, TimeUnit::kMonth)->ToString(), "2015");
  EXPECT_EQ(At("2014-01-01T00:00:00Z").Plus(-1, TimeUnit::kSecond)->ToString(),
            "2013-12-31T23:59:59Z");
  EXPECT_EQ(At("2014-03-01").Plus(25, TimeUnit::kHour)->ToString(), "2014-03-02");
  EXPECT_FALSE(At("9999-12-31").Plus(1, TimeUnit::kDay));
  EXPECT_FALSE(At("2014").Plus(INT64_MAX, TimeUnit::kYear));
}

}  // namespace
}  // namespace strata::fhirpath
