#include "plugins/data_fhir/ucum/ucum.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::ucum {
namespace {

void ExpectUnit(std::string_view expression, double factor, std::string_view unit) {
  const auto canonical = Canonical(expression);
  ASSERT_TRUE(canonical.ok()) << expression;
  EXPECT_NEAR(canonical->factor / factor, 1, 1e-12) << expression;
  EXPECT_EQ(canonical->unit, unit) << expression;
}

TEST(Ucum, CanonicalisesClinicalUnits) {
  ExpectUnit("mg/dL", 10, "m-3.g");
  ExpectUnit("g/L", 1000, "m-3.g");
  ExpectUnit("mmol/L", 6.0221367e23, "m-3");
  ExpectUnit("10*3/uL", 1e12, "m-3");
  ExpectUnit("kg.m/s2", 1000, "m.s-2.g");
  ExpectUnit("mm[Hg]", 133322, "m-1.s-2.g");
  ExpectUnit("/min", 1.0 / 60, "s-1");
  ExpectUnit("{beats}/min", 1.0 / 60, "s-1");
  ExpectUnit("[lb_av]", 453.59237, "g");
  ExpectUnit("[in_i]", 0.0254, "m");
  ExpectUnit("%", 0.01, "1");
  ExpectUnit("wk", 604800, "s");
  ExpectUnit("1", 1, "1");
  ExpectUnit("mL/(min.{1.73_m2})", 1e-6 / 60, "m3.s-1");
}

TEST(Ucum, SpellingsOfOneUnitAgree) {
  EXPECT_EQ(Canonical("L")->unit, Canonical("dm3")->unit);
  EXPECT_NEAR(Canonical("L")->factor, Canonical("dm3")->factor, 1e-15);
  EXPECT_EQ(Canonical("N.m")->unit, Canonical("J")->unit);
  EXPECT_EQ(Canonical("m/m")->unit, "1");
  EXPECT_EQ(Canonical("[IU]/mL")->unit, Canonical("[iU]/mL")->unit);
}

TEST(Ucum, ScalesTemperatures) {
  const auto kelvin = [](std::string_view unit, double value) {
    const auto canonical = Canonical(unit);
    EXPECT_EQ(canonical->unit, "K");
    return value * canonical->factor + canonical->offset;
  };

  EXPECT_NEAR(kelvin("Cel", 37), 310.15, 1e-9);
  EXPECT_NEAR(kelvin("[degF]", 98.6), 310.15, 1e-9);
  EXPECT_NEAR(kelvin("K", 5), 5, 1e-9);
  EXPECT_NEAR(Canonical("mCel")->factor, 0.001, 1e-15);
}

TEST(Ucum, KeepsArbitraryAndLogarithmicUnitsApart) {
  EXPECT_NE(Canonical("[iU]")->unit, Canonical("[arb'U]")->unit);
  EXPECT_NE(Canonical("[iU]")->unit, "1");
  EXPECT_NE(Canonical("[pH]")->unit, Canonical("B")->unit);
  ExpectUnit("k[iU]/L", 1e6, "m-3.[iU]");
}

TEST(Ucum, RefusesWhatIsNotAUnit) {
  for (std::string_view bad : {"", "lbs", "mg/", "/", "(mg", "mg)", "mg//L", "m[", "{x", "k%",
                               "m999", "mg dL", "meters"}) {
    EXPECT_FALSE(Canonical(bad).ok()) << bad;
  }
  EXPECT_FALSE(Canonical(std::string(300, 'm')).ok());
  EXPECT_FALSE(Canonical(std::string(100, '(')).ok());
}

}  // namespace
}  // namespace strata::ucum
