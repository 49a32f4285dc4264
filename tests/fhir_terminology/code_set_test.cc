#include "plugins/data_fhir/terminology/code_set.h"

#include <gtest/gtest.h>

#include "plugins/data_fhir/terminology/source.h"

namespace strata::fhir::terminology {
namespace {

TEST(CodeSet, KnowsCodesAndWholeSystems) {
  CodeSet set;
  set.Add("a", "1");
  set.AddSystem("b");

  EXPECT_TRUE(set.Contains("a", "1"));
  EXPECT_FALSE(set.Contains("a", "2"));
  EXPECT_TRUE(set.Contains("b", "anything"));
  EXPECT_FALSE(set.Contains("", "1"));
  EXPECT_EQ(set.size(), 1U);
}

TEST(CodeSet, SubtractsFromWholeSystems) {
  CodeSet set;
  set.AddSystem("a");
  CodeSet some;
  some.Add("a", "1");
  set.Subtract(some);

  EXPECT_FALSE(set.Contains("a", "1"));
  EXPECT_TRUE(set.Contains("a", "2"));
  set.Unite(some);
  EXPECT_TRUE(set.Contains("a", "1"));
}

TEST(CodeSet, SubtractingAWholeSystemLeavesItsExceptions) {
  CodeSet set;
  set.AddSystem("a");
  CodeSet most;
  most.AddSystem("a");
  CodeSet one;
  one.Add("a", "1");
  most.Subtract(one);
  set.Subtract(most);

  EXPECT_TRUE(set.Contains("a", "1"));
  EXPECT_FALSE(set.Contains("a", "2"));
}

TEST(CodeSet, IntersectsEveryCombination) {
  CodeSet left;
  left.Add("a", "1");
  left.Add("a", "2");
  left.AddSystem("b");
  left.AddSystem("c");
  CodeSet right;
  right.AddSystem("a");
  right.Add("b", "1");
  right.AddSystem("c");
  CodeSet hole;
  hole.Add("c", "9");
  hole.Add("a", "2");
  right.Subtract(hole);
  left.Intersect(right);

  EXPECT_TRUE(left.Contains("a", "1"));
  EXPECT_FALSE(left.Contains("a", "2"));
  EXPECT_TRUE(left.Contains("b", "1"));
  EXPECT_FALSE(left.Contains("b", "2"));
  EXPECT_TRUE(left.Contains("c", "1"));
  EXPECT_FALSE(left.Contains("c", "9"));
}

TEST(Version, NumbersCompareAsNumbers) {
  EXPECT_TRUE(IsOlderVersion("1.9", "1.10"));
  EXPECT_FALSE(IsOlderVersion("1.10", "1.9"));
  EXPECT_TRUE(IsOlderVersion("", "0"));
  EXPECT_TRUE(IsOlderVersion("2020-01", "2020-02-01"));
  EXPECT_FALSE(IsOlderVersion("4.0.1", "4.0.1"));
}

}  // namespace
}  // namespace strata::fhir::terminology
