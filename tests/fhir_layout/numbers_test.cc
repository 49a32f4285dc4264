#include "plugins/data_fhir/layout/numbers.h"

#include <gtest/gtest.h>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/hash.h"

namespace strata::fhir::layout {
namespace {

TEST(Numbers, EachTypeAndParameterHasItsOwnNumber) {
  for (std::size_t i = 1; i <= TypeCount(); ++i) {
    EXPECT_EQ(TypeNumberOf(TypeNameOf(static_cast<TypeNumber>(i))), i);
  }
  for (std::size_t i = 1; i <= ParameterCount(); ++i) {
    EXPECT_EQ(ParameterNumberOf(ParameterCodeOf(static_cast<ParameterNumber>(i))), i);
  }
  EXPECT_EQ(TypeCount(), 146u);
}

// Numbers that are in stored keys: a failure here means that stores can no longer be read.
TEST(Numbers, AreFrozen) {
  EXPECT_EQ(TypeNumberOf("Account"), 1);
  EXPECT_EQ(TypeNumberOf("Observation"), 96);
  EXPECT_EQ(TypeNumberOf("Patient"), 103);
  EXPECT_EQ(TypeNumberOf("VisionPrescription"), 146);
  EXPECT_EQ(ParameterNumberOf("_content"), 1);
  EXPECT_EQ(ParameterNumberOf("_lastUpdated"), 4);
  EXPECT_EQ(ParameterNumberOf("window-start"), 460);
  EXPECT_EQ(ParameterNumberOf("_code-date"), 464);
  EXPECT_EQ(ParameterNumberOf("_vaccine-code-date"), 474);
}

TEST(Numbers, UnknownNamesHaveNone) {
  EXPECT_EQ(TypeNumberOf("Resource"), 0);
  EXPECT_EQ(TypeNumberOf(""), 0);
  EXPECT_EQ(TypeNameOf(0), "");
  EXPECT_EQ(TypeNameOf(147), "");
  EXPECT_EQ(ParameterNumberOf("nonsense"), 0);
  EXPECT_EQ(ParameterCodeOf(kCustom | 4), "");
  EXPECT_EQ(ParameterCodeOf(kCompanion | 4), "_lastUpdated");
}

// Made with an independent SipHash-2-4 that passes the vectors of the paper.
TEST(Hash, IsFrozen) {
  EXPECT_EQ(Hash64("Patient/42"), 0x2b01beec09658e44U);
  const auto wide = Hash128("Patient/42");
  EXPECT_EQ(ReadBigEndian({wide.data(), 8}, 8), 0x2b01beec09658e44U);
  EXPECT_EQ(ReadBigEndian({wide.data() + 8, 8}, 8), 0xfbc3d0c73086cbe5U);
  EXPECT_EQ(HashOfReference("Patient", "42"), Hash64("Patient/42"));
}

}  // namespace
}  // namespace strata::fhir::layout
