#include "plugins/data_fhir/search/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::fhir::search {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Where a parameter of Observation with such an expression leads; its targets are three types.
std::vector<std::string_view> Targets(std::string_view expression) {
  model::SearchParameter reference;
  reference.type = model::SearchType::kReference;
  reference.expression = expression;
  reference.targets = "Patient,Group,Practitioner";
  return TargetsOf(reference, "Observation");
}

TEST(TargetsOfReferences, AreThoseThatTheExpressionAllows) {
  EXPECT_THAT(Targets("Observation.subject.where(resolve() is Patient)"), ElementsAre("Patient"));
  EXPECT_THAT(Targets("Goal.subject | Observation.subject.where(resolve() is Patient)"),
              ElementsAre("Patient"));
  EXPECT_THAT(Targets("Observation.subject.where(resolve() is Patient) | "
                      "Observation.performer.where(resolve() is Practitioner)"),
              UnorderedElementsAre("Patient", "Practitioner"));
  EXPECT_THAT(Targets("Observation.subject"), UnorderedElementsAre("Patient", "Group"));
}

TEST(TargetsOfReferences, AreAllWhereItIsNotPlain) {
  for (const std::string_view expression :
       {"Observation.subject.where(resolve() is Patient) | subject",
        "Observation.performer.where(resolve() is Patient or resolve() is Group)",
        "(Observation.subject | Observation.performer).where(resolve() is Patient)",
        "Observation.extension.value", "Resource.subject", "Observation.focus"}) {
    EXPECT_THAT(Targets(expression), UnorderedElementsAre("Patient", "Group", "Practitioner"))
        << expression;
  }
  EXPECT_THAT(Targets("Goal.subject"), UnorderedElementsAre("Patient", "Group", "Practitioner"));
}

TEST(TargetsOfReferences, OfThePatientOfObservationsArePatients) {
  const model::SearchParameter* const patient = model::R4Search().Find("Observation", "patient");
  ASSERT_NE(patient, nullptr);
  EXPECT_THAT(TargetsOf(*patient, "Observation"), ElementsAre("Patient"));
  EXPECT_THAT(TargetsOf(*patient, "AllergyIntolerance"), ElementsAre("Patient"));
  EXPECT_THAT(TargetsOf(*patient, "DeviceUseStatement"), UnorderedElementsAre("Group", "Patient"));
}

}  // namespace
}  // namespace strata::fhir::search
