// FHIRPath Patch, FHIR R4 fhirpatch.html; the cases are those of
// tests/fixtures/fhir-patch/ORIGIN.md.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "plugins/data_fhir/patch/draft.h"
#include "plugins/data_fhir/patch/patch.h"

namespace strata::fhir::patch {
namespace {

// {"type":..,"path":..} and more parts as they stand.
std::string Operation(std::string_view type, std::string_view path, std::string_view parts = {}) {
  std::string text = R"({"name":"operation","part":[{"name":"type","valueCode":")";
  text.append(type).append(R"("},{"name":"path","valueString":")").append(path).append("\"}");
  if (!parts.empty()) text.append(",").append(parts);
  return text + "]}";
}

Result<std::string> Patched(std::string_view resource, const std::string& operations) {
  const auto parsed = json::Document::Parse(resource);
  const auto parameters =
      json::Document::Parse(R"({"resourceType":"Parameters","parameter":[)" + operations + "]}");
  EXPECT_TRUE(parsed.ok() && parameters.ok()) << operations;
  return ApplyFhirPathPatch(parsed->root(), parameters->root());
}

void Expect(std::string_view resource, const std::string& operations, std::string_view expected) {
  const auto result = Patched(resource, operations);
  ASSERT_TRUE(result.ok()) << operations << result.status().ToString();
  EXPECT_EQ(*result, expected) << operations;
}

TEST(FhirPathPatch, PassesTheSuite) {
  std::ifstream file(STRATA_FIXTURES "/fhir-patch/cases.ndjson");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    ++cases;
    const auto test = json::Document::Parse(line);
    ASSERT_TRUE(test.ok());
    const json::Value root = test->root();
    const auto result = ApplyFhirPathPatch(root["input"], root["diff"]);
    ASSERT_TRUE(result.ok()) << line << result.status().ToString();
    const auto patched = json::Document::Parse(*result);
    ASSERT_TRUE(patched.ok()) << *result;
    EXPECT_TRUE(Draft(patched->root()).Equals(Draft(root["output"]))) << line << "\n" << *result;
  }
  EXPECT_GE(cases, 20);
}

constexpr std::string_view kName = R"({"name":"name","valueString":")";

std::string Named(std::string_view name, std::string_view value) {
  return std::string(kName).append(name).append(R"("},{"name":"value",)").append(value) + "}";
}
std::string Value(std::string_view value) {
  return R"({"name":"value",)" + std::string(value) + "}";
}

TEST(FhirPathPatch, PrimitivesMoveWithTheirExtensions) {
  constexpr std::string_view kPatient =
      R"({"resourceType":"Patient","name":[{"given":["a","b"],"_given":[null,{"id":"x"}]}]})";
  const std::string given = "Patient.name[0].given";
  Expect(kPatient, Operation("delete", given + "[0]"),
         R"({"resourceType":"Patient","name":[{"given":["b"],"_given":[{"id":"x"}]}]})");
  Expect(kPatient, Operation("delete", given + "[1]"),
         R"({"resourceType":"Patient","name":[{"given":["a"]}]})");
  Expect(
      kPatient,
      Operation("insert", given,
                R"({"name":"index","valueInteger":0},)" + Value(R"("valueString":"c")")),
      R"({"resourceType":"Patient","name":[{"given":["c","a","b"],"_given":[null,null,{"id":"x"}]}]})");
  Expect(kPatient,
         Operation("move", given,
                   R"({"name":"source","valueInteger":1},{"name":"destination","valueInteger":0})"),
         R"({"resourceType":"Patient","name":[{"given":["b","a"],"_given":[{"id":"x"},null]}]})");
  Expect(kPatient, Operation("replace", given + "[1]", Value(R"("valueString":"z")")),
         R"({"resourceType":"Patient","name":[{"given":["a","z"]}]})");
  Expect(R"({"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"id":"x"}})",
         Operation("delete", "Patient.birthDate") + "," +
             Operation("add", "Patient", Named("active", R"("valueBoolean":true)")),
         R"({"resourceType":"Patient","active":true})");
}

TEST(FhirPathPatch, PrimitivesGetExtensions) {
  const std::string extension =
      Named("extension", R"("valueExtension":{"url":"http://x","valueDecimal":1.10})");
  Expect(
      R"({"resourceType":"Patient","birthDate":"1970-01-01"})",
      Operation("add", "Patient.birthDate", extension),
      R"({"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"http://x","valueDecimal":1.10}]}})");
  Expect(
      R"({"resourceType":"Patient","name":[{"given":["a","b"]}]})",
      Operation("add", "Patient.name.given[1]", extension),
      R"({"resourceType":"Patient","name":[{"given":["a","b"],"_given":[null,{"extension":[{"url":"http://x","valueDecimal":1.10}]}]}]})");
  Expect(
      R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://x","valueCode":"a"}]}})",
      Operation("replace", "Patient.birthDate.extension('http://x').value",
                Value(R"("valueInteger":3)")),
      R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://x","valueInteger":3}]}})");
}

TEST(FhirPathPatch, ChoicesTakeTheNameOfTheirType) {
  Expect(R"({"resourceType":"Patient","deceasedBoolean":false,"active":true})",
         Operation("replace", "Patient.deceased", Value(R"("valueDateTime":"2020")")),
         R"({"resourceType":"Patient","deceasedDateTime":"2020","active":true})");
  for (const char* name : {"value", "value[x]", "valueQuantity"}) {
    Expect(R"({"resourceType":"Observation"})",
           Operation("add", "Observation", Named(name, R"("valueQuantity":{"value":1.10})")),
           R"({"resourceType":"Observation","valueQuantity":{"value":1.10}})");
  }
  EXPECT_EQ(Patched(R"({"resourceType":"Patient","deceasedBoolean":false})",
                    Operation("add", "Patient", Named("deceased", R"("valueDateTime":"2020")")))
                .status()
                .code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(Patched(R"({"resourceType":"Patient"})",
                    Operation("add", "Patient", Named("deceased", R"("valueCode":"x")")))
                .status()
                .code(),
            Code::kFailedPrecondition);
}

TEST(FhirPathPatch, AnonymousTypesAreBuiltFromParts) {
  Expect(
      R"({"resourceType":"Patient"})",
      Operation("add", "Patient",
                Named("contact", R"("part":[{"name":"name","valueHumanName":{"text":"a"}},)"
                                 R"({"name":"relationship","valueCodeableConcept":{"text":"b"}},)"
                                 R"({"name":"relationship","valueCodeableConcept":{"text":"c"}},)"
                                 R"({"name":"gender","valueCode":"male"}])")),
      R"({"resourceType":"Patient","contact":[{"name":{"text":"a"},"relationship":[{"text":"b"},{"text":"c"}],"gender":"male"}]})");
  Expect(R"({"resourceType":"Patient","contact":[{"gender":"male"}]})",
         Operation("replace", "Patient.contact[0]",
                   Value(R"("part":[{"name":"name","part":[{"name":"text","valueString":"n"}]}])")),
         R"({"resourceType":"Patient","contact":[{"name":{"text":"n"}}]})");
}

TEST(FhirPathPatch, ListsAreMadeAndGoWithTheirElements) {
  Expect(R"({"resourceType":"Patient"})",
         Operation(
             "insert", "Patient.identifier",
             R"({"name":"index","valueInteger":0},)" + Value(R"("valueIdentifier":{"value":"1"})")),
         R"({"resourceType":"Patient","identifier":[{"value":"1"}]})");
  Expect(R"({"resourceType":"Patient","contact":[{"name":{"text":"a"}}],"active":true})",
         Operation("delete", "Patient.contact.name.text"),
         R"({"resourceType":"Patient","active":true})");
  Expect(R"({"resourceType":"Patient"})", Operation("delete", "Patient.birthDate"),
         R"({"resourceType":"Patient"})");
}

TEST(FhirPathPatch, ContainedResourcesArePatchedToo) {
  Expect(
      R"({"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}]})",
      Operation("add", "Observation.contained[0]", Named("active", R"("valueBoolean":true)")),
      R"({"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p","active":true}]})");
  Expect(R"({"resourceType":"Observation"})",
         Operation("add", "Observation",
                   Named("contained", R"("resource":{"resourceType":"Patient","id":"p"})")),
         R"({"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}]})");
}

TEST(FhirPathPatch, RefusesWhatCannotBeMeant) {
  constexpr std::string_view kPatient =
      R"({"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"active":true,)"
      R"("name":[{"given":["a","b"]},{"given":["c"]}]})";
  for (const std::string& operation : {
           Operation("delete", "Patient.id"),
           Operation("replace", "Patient.id", Value(R"("valueId":"b")")),
           Operation("delete", "Patient.meta.versionId"),
           Operation("replace", "Patient", Value(R"("resource":{"resourceType":"Patient"})")),
           Operation("delete", "Patient"),
           Operation("delete", "Patient.name"),
           Operation("replace", "Patient.birthDate", Value(R"("valueDate":"2020")")),
           Operation("replace", "Patient.name.count()", Value(R"("valueInteger":1)")),
           Operation("replace", "Patient.active", Value(R"("valueString":"true")")),
           Operation("replace", "Patient.name[0]", Value(R"("valueIdentifier":{"value":"1"})")),
           Operation("add", "Patient", Named("active", R"("valueBoolean":false)")),
           Operation("add", "Patient", Named("nothing", R"("valueBoolean":false)")),
           Operation("insert", "Patient.name.given",
                     R"({"name":"index","valueInteger":0},)" + Value(R"("valueString":"x")")),
           Operation(
               "insert", "Patient.name",
               R"({"name":"index","valueInteger":3},)" + Value(R"("valueHumanName":{"text":"x"})")),
           Operation("insert", "Patient.birthDate",
                     R"({"name":"index","valueInteger":0},)" + Value(R"("valueDate":"2020")")),
           Operation(
               "move", "Patient.name",
               R"({"name":"source","valueInteger":0},{"name":"destination","valueInteger":2})"),
       }) {
    EXPECT_EQ(Patched(kPatient, operation).status().code(), Code::kFailedPrecondition) << operation;
  }
}

TEST(FhirPathPatch, RefusesWhatIsNoPatch) {
  for (const std::string& operation : {
           Operation("spam", "Patient.active"),
           Operation("delete", "Patient..active"),
           Operation("replace", "Patient.active"),
           Operation("replace", "Patient.active", Value(R"("valueBoolean":"yes")")),
           Operation("replace", "Patient.active", Value(R"("valueNonsense":1)")),
           Operation("insert", "Patient.name", Value(R"("valueHumanName":{"text":"x"})")),
           Operation("insert", "Patient.name",
                     R"({"name":"index","valueInteger":-1},)" +
                         Value(R"("valueHumanName":{"text":"x"})")),
           std::string(R"({"name":"operation","part":[{"name":"type","valueCode":"delete"}]})"),
           std::string(R"({"name":"other"})"),
       }) {
    EXPECT_EQ(Patched(R"({"resourceType":"Patient","active":true})", operation).status().code(),
              Code::kInvalidArgument)
        << operation;
  }
}

}  // namespace
}  // namespace strata::fhir::patch
