#include "plugins/data_fhir/search/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::fhir::search {
namespace {

using testing::ElementsAre;

TEST(SplitEscaped, LeavesEscapedSeparatorsAlone) {
  EXPECT_THAT(SplitEscaped("a,b\\,c,", ','), ElementsAre("a", "b\\,c", ""));
  EXPECT_THAT(SplitEscaped("a\\\\,b", ','), ElementsAre("a\\\\", "b"));
  EXPECT_THAT(SplitEscaped("", ','), ElementsAre(""));
  EXPECT_THAT(SplitEscaped("end\\", ','), ElementsAre("end\\"));
}

TEST(Unescape, ResolvesWhatTheStandardEscapes) {
  EXPECT_EQ(Unescape("a\\,b\\|c\\$d\\\\e"), "a,b|c$d\\e");
  EXPECT_EQ(Unescape("a\\n\\"), "a\\n\\");
}

TEST(ParseName, TakesModifiersAndChainsApart) {
  const ParameterName plain = ParseName("name:exact");
  const ParameterName chain = ParseName("subject:Patient.general-practitioner.name:exact");

  EXPECT_EQ(plain.code, "name");
  EXPECT_EQ(plain.modifier, "exact");
  EXPECT_EQ(plain.chain, "");
  EXPECT_EQ(chain.code, "subject");
  EXPECT_EQ(chain.modifier, "Patient");
  EXPECT_EQ(chain.chain, "general-practitioner.name:exact");
}

TEST(ParseHas, NeedsAllItsParts) {
  const HasName has = ParseHas("_has:Observation:patient:_has:AuditEvent:entity:agent");

  EXPECT_EQ(has.type, "Observation");
  EXPECT_EQ(has.reference, "patient");
  EXPECT_EQ(has.rest, "_has:AuditEvent:entity:agent");
  EXPECT_EQ(ParseHas("_has:Observation:patient").type, "");
  EXPECT_EQ(ParseHas("_has").type, "");
}

}  // namespace
}  // namespace strata::fhir::search
