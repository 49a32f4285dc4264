#include "plugins/data_fhir/index/encode.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::fhir::index {
namespace {

std::string Token(std::string_view system, std::string_view code) {
  std::string out;
  AppendToken(system, code, &out);
  return out;
}

TEST(AppendToken, StartsWithItsCode) {
  std::string start;
  AppendTokenCode("8480-6", &start);

  EXPECT_TRUE(Token("http://loinc.org", "8480-6").starts_with(start));
  EXPECT_TRUE(Token({}, "8480-6").starts_with(start));
  EXPECT_FALSE(Token({}, "8480-62").starts_with(start));
}

TEST(AppendToken, TellsSystemsApartAndIgnoresCase) {
  EXPECT_NE(Token("a", "x"), Token("b", "x"));
  EXPECT_NE(Token("a", "x"), Token({}, "x"));
  EXPECT_EQ(Token("a", "FINAL"), Token("a", "final"));
}

TEST(AppendToken, HashesCodesThatAreLongOrHoldControls) {
  const std::string text(33, 'x');
  const std::string odd("a\0b", 3);

  EXPECT_EQ(Token({}, text).size(), 24U);
  EXPECT_NE(Token({}, text), Token({}, text + "x"));
  EXPECT_EQ(Token({}, odd).size(), 24U);
}

TEST(TakeToken, CutsTokensOutOfAComposite) {
  const std::string first = Token("s", std::string(40, 'y'));
  const std::string second = Token({}, "b");
  const std::string both = first + second;
  std::string_view rest = both;

  EXPECT_EQ(TakeToken(&rest), first);
  EXPECT_EQ(TakeToken(&rest), second);
  EXPECT_FALSE(TakeToken(&rest).has_value());
}

TEST(AppendString, CutsLongTextAndEndsShortText) {
  std::string longer;
  AppendString(std::string(100, 'a'), &longer);
  std::string shorter;
  AppendString("ab", &shorter);

  EXPECT_EQ(longer.size(), kMaxStringBytes + 1);
  EXPECT_EQ(shorter, std::string("ab\0", 3));
}

TEST(AppendUri, KeepsLongUrisApart) {
  const std::string base(130, 'u');
  std::string one;
  AppendUri(base + "1", &one);
  std::string two;
  AppendUri(base + "2", &two);
  const std::string both = one + two;
  std::string_view rest = both;

  EXPECT_NE(one, two);
  EXPECT_EQ(TakeUri(&rest), one);
  EXPECT_EQ(TakeUri(&rest), two);
}

TEST(AppendQuantity, ComesBackAsItWas) {
  std::string bytes;
  AppendQuantity(5.4, {"http://unitsofmeasure.org", "mg", "mg"}, &bytes);
  AppendQuantityRange(1, 2, {{}, {}, "year"}, &bytes);
  AppendCanonicalQuantity(0.5, "g", &bytes);
  std::string_view rest = bytes;

  const auto written = TakeQuantity(&rest);
  const auto range = TakeQuantity(&rest);
  const auto canonical = TakeQuantity(&rest);

  EXPECT_EQ(written->low, 5.4);
  EXPECT_EQ(written->code, written->unit);
  EXPECT_EQ(range->high, 2);
  EXPECT_EQ(range->code, std::string(kShortHashBytes, '\0'));
  EXPECT_EQ(canonical->form, QuantityForm::kCanonical);
  EXPECT_EQ(canonical->low, 0.5);
  EXPECT_TRUE(rest.empty());
}

TEST(AppendCanonical, StartsWithItsUrl) {
  std::string start;
  AppendCanonicalStart("http://a/b", &start);
  std::string whole;
  AppendCanonical("http://a/b", "2.0", &whole);
  std::string_view rest = whole;

  EXPECT_TRUE(whole.starts_with(start));
  EXPECT_EQ(TakeReference(&rest), whole);
}

}  // namespace
}  // namespace strata::fhir::index
