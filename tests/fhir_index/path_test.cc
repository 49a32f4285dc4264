#include "plugins/data_fhir/index/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::fhir::index {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Text(const Path& path) {
  std::string text = path.from_resource ? "%" : "";
  for (const Step& step : path.steps) {
    if (step.kind == Step::Kind::kMember) text += "/" + step.name;
    if (step.kind == Step::Kind::kFirst) text += "[0]";
    if (step.kind == Step::Kind::kEquals) text += "[" + step.name + "=" + step.literal + "]";
    if (step.kind == Step::Kind::kResolvesTo) text += "[is " + step.literal + "]";
    if (step.kind == Step::Kind::kHasExtension) text += "[has " + step.literal + "]";
  }
  return text + ":" + std::string(path.type->name());
}

std::vector<std::string> Compile(std::string_view expression, std::string_view context) {
  const auto paths = CompilePaths(expression, *model::R4().Find(context));
  std::vector<std::string> texts;
  if (!paths.ok()) return {paths.status().ToString()};
  for (const Path& path : *paths) texts.push_back(Text(path));
  return texts;
}

TEST(CompilePaths, ResolvesChoicesToTheirMembers) {
  EXPECT_THAT(Compile("Patient.deceased", "Patient"),
              ElementsAre("/deceasedBoolean:boolean", "/deceasedDateTime:dateTime"));
  EXPECT_THAT(Compile("(Observation.value as Quantity)", "Observation"),
              ElementsAre("/valueQuantity:Quantity"));
  EXPECT_THAT(Compile("Condition.onset.as(Age) | Condition.onset.as(Range)", "Condition"),
              ElementsAre("/onsetAge:Age", "/onsetRange:Range"));
}

TEST(CompilePaths, LeavesOutOtherResourceTypes) {
  EXPECT_THAT(Compile("Patient.name | Person.name", "Person"), ElementsAre("/name:HumanName"));
  EXPECT_THAT(Compile("Resource.meta.tag", "Patient"), ElementsAre("/meta/tag:Coding"));
  EXPECT_THAT(Compile("DocumentReference.extension('u')", "Patient"), IsEmpty());
}

TEST(CompilePaths, TakesConditions) {
  EXPECT_THAT(Compile("Patient.telecom.where(system='phone')", "Patient"),
              ElementsAre("/telecom[system=phone]:ContactPoint"));
  EXPECT_THAT(Compile("Account.subject.where(resolve() is Patient)", "Account"),
              ElementsAre("/subject[is Patient]:Reference"));
  EXPECT_THAT(Compile("Bundle.entry[0].resource", "Bundle"),
              ElementsAre("/entry[0]/resource:Resource"));
}

TEST(CompilePaths, StartsAtAComponentOrTheResource) {
  EXPECT_THAT(Compile("value.as(Quantity)", "Observation.component"),
              ElementsAre("/valueQuantity:Quantity"));
  EXPECT_THAT(Compile("%resource.referenceSeq.chromosome", "MolecularSequence.variant"),
              ElementsAre("%/referenceSeq/chromosome:CodeableConcept"));
}

TEST(CompilePaths, SaysWhatItCannotDo) {
  const model::Type& patient = *model::R4().Find("Patient");

  EXPECT_EQ(CompilePaths("Patient.name.exists()", patient).status().code(), Code::kUnimplemented);
  EXPECT_EQ(CompilePaths("Patient.nose", patient).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(CompilePaths("Patient.name as Nose", patient).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(CompilePaths("Patient.name +", patient).status().code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace strata::fhir::index
