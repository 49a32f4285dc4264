// JSON Patch, RFC 6902; the cases are those of tests/fixtures/json-patch/ORIGIN.md.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "plugins/data_fhir/patch/draft.h"
#include "plugins/data_fhir/patch/patch.h"

namespace strata::fhir::patch {
namespace {

Result<std::string> Patched(std::string_view document, std::string_view patch,
                            bool resource = true) {
  const auto parsed = json::Document::Parse(document);
  const auto operations = json::Document::Parse(patch);
  EXPECT_TRUE(parsed.ok() && operations.ok());
  return ApplyJsonPatch(parsed->root(), operations->root(), {resource});
}

bool SameJson(std::string_view a, json::Value b) {
  const auto parsed = json::Document::Parse(a);
  return parsed.ok() && Draft(parsed->root()).Equals(Draft(b));
}

TEST(JsonPatch, PassesTheSuite) {
  std::ifstream file(STRATA_FIXTURES "/json-patch/cases.ndjson");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    ++cases;
    const auto test = json::Document::Parse(line);
    if (!test.ok()) {
      // "A.13 Invalid JSON Patch Document": a member twice is refused by the parser already.
      EXPECT_NE(line.find("\"error\""), std::string::npos) << line;
      continue;
    }
    const json::Value root = test->root();
    const auto result = ApplyJsonPatch(root["doc"], root["patch"], {/*resource=*/false});
    if (root["error"]) {
      EXPECT_FALSE(result.ok()) << line;
      continue;
    }
    ASSERT_TRUE(result.ok()) << line << result.status().ToString();
    const json::Value expected = root["expected"] ? root["expected"] : root["doc"];
    EXPECT_TRUE(SameJson(*result, expected)) << line << "\n" << *result;
  }
  EXPECT_GE(cases, 60);
}

TEST(JsonPatch, KeepsEveryLexeme) {
  const auto result = Patched(
      R"({"a":1.10,"b":[1e0,"\u00e9\/"],"c":{"d":0.50},"e\u0066":-0})",
      R"([{"op":"add","path":"/c/x","value":2.500},{"op":"copy","from":"/a","path":"/b/0"},)"
      R"({"op":"move","from":"/c/d","path":"/z"}])");
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(*result,
            R"({"a":1.10,"b":[1.10,1e0,"\u00e9\/"],"c":{"x":2.500},"e\u0066":-0,"z":0.50})");
}

TEST(JsonPatch, NumbersAreEqualByValue) {
  for (const char* value : {"1.1", "1.10", "11e-1", "0.11E+1", "1.100e0"}) {
    const std::string patch = R"([{"op":"test","path":"/a","value":)" + std::string(value) + "}]";
    EXPECT_TRUE(Patched(R"({"a":1.10})", patch).ok()) << value;
  }
  EXPECT_TRUE(Patched(R"({"a":-0})", R"([{"op":"test","path":"/a","value":0.0e9}])").ok());
  EXPECT_FALSE(Patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":-1}])").ok());
  EXPECT_FALSE(
      Patched(R"({"a":1e999999999999999999999})", R"([{"op":"test","path":"/a","value":1e9}])")
          .ok());
}

constexpr std::string_view kPatient =
    R"({"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"2020-01-01T00:00:00Z"},"active":true})";

TEST(JsonPatch, RefusesWhatTheServerSets) {
  for (const char* patch : {
           R"([{"op":"replace","path":"/id","value":"b"}])",
           R"([{"op":"remove","path":"/id"}])",
           R"([{"op":"add","path":"/resourceType","value":"Group"}])",
           R"([{"op":"remove","path":"/meta/versionId"}])",
           R"([{"op":"replace","path":"/meta/lastUpdated","value":"2021-01-01T00:00:00Z"}])",
           R"([{"op":"move","from":"/id","path":"/language"}])",
           R"([{"op":"move","from":"/active","path":"/id"}])",
           R"([{"op":"copy","from":"/active","path":"/meta/versionId"}])",
       }) {
    const auto result = Patched(kPatient, patch);
    ASSERT_EQ(result.status().code(), Code::kFailedPrecondition) << patch;
    EXPECT_NE(result.status().message().find("set by the server"), std::string::npos) << patch;
  }
  EXPECT_TRUE(Patched(kPatient, R"([{"op":"replace","path":"/id","value":"a"}])").ok());
  EXPECT_TRUE(Patched(kPatient, R"([{"op":"copy","from":"/id","path":"/language"}])").ok());
}

TEST(JsonPatch, RemovesWhatItEmptied) {
  const auto result =
      Patched(R"({"a":[{"b":{"c":1}}],"d":{"e":[1]},"f":[1],"g":{}})",
              R"([{"op":"remove","path":"/a/0/b/c"},{"op":"remove","path":"/d/e/0"},)"
              R"({"op":"remove","path":"/f/0"},{"op":"add","path":"/f/-","value":2}])");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, R"({"f":[2],"g":{}})");
}

TEST(JsonPatch, SaysWhichOperationIsToBlameAndNoValue) {
  const auto result = Patched(
      R"({"a":"secret"})",
      R"([{"op":"test","path":"/a","value":"secret"},{"op":"test","path":"/a","value":"guess"}])");
  EXPECT_EQ(result.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(result.status().message(), "operation 1 (test): the value is another one");
}

TEST(JsonPatch, TellsMalformedFromInapplicable) {
  for (const char* patch :
       {R"({"op":"add"})", R"([{"op":"add","path":"a","value":1}])",
        R"([{"op":"add","path":"/~2","value":1}])", R"([{"op":"add","path":1,"value":1}])",
        R"([{"op":"move","path":"/a"}])", R"([1])", R"([{"path":"/a"}])"}) {
    EXPECT_EQ(Patched("{}", patch).status().code(), Code::kInvalidArgument) << patch;
  }
  for (const char* patch :
       {R"([{"op":"remove","path":"/x"}])", R"([{"op":"remove","path":""}])",
        R"([{"op":"replace","path":"/l/01","value":1}])",
        R"([{"op":"add","path":"/l/3","value":1}])", R"([{"op":"move","from":"/o","path":"/o/p"}])",
        R"([{"op":"remove","path":"/l/-"}])"}) {
    EXPECT_EQ(Patched(R"({"l":[1,2],"o":{}})", patch).status().code(), Code::kFailedPrecondition)
        << patch;
  }
}

TEST(JsonPatch, StaysWithinBoundsOnHostileInput) {
  std::string doubling = "[";
  for (int i = 0; i < 60; ++i) {
    doubling += R"({"op":"copy","from":"","path":"/x"},)";
    doubling += R"({"op":"copy","from":"/x","path":"/l/-"},)";
  }
  doubling.back() = ']';
  const auto result = Patched(R"({"l":["0123456789"]})", doubling);
  EXPECT_FALSE(result.ok());

  std::string many = "[";
  for (std::size_t i = 0; i <= kMaxOperations; ++i)
    many += R"({"op":"test","path":"","value":{}},)";
  many.back() = ']';
  EXPECT_EQ(Patched("{}", many).status().code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace strata::fhir::patch
