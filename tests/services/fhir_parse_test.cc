#include <gtest/gtest.h>

#include <string>

#include "plugins/service_fhir_api/config.h"
#include "plugins/service_fhir_api/negotiate.h"
#include "plugins/service_fhir_api/pretty.h"
#include "plugins/service_fhir_api/target.h"

namespace strata::fhir_api {
namespace {

TEST(ParseTarget, KnowsEveryInteraction) {
  struct Case {
    const char* path;
    Kind kind;
  };
  for (const Case& one : {Case{"", Kind::kSystem},
                          {"/", Kind::kSystem},
                          {"/metadata", Kind::kMetadata},
                          {"/_history", Kind::kSystemHistory},
                          {"/_search", Kind::kSystemSearch},
                          {"/Patient", Kind::kType},
                          {"/Patient/", Kind::kType},
                          {"/Patient/_search", Kind::kTypeSearch},
                          {"/Patient/_history", Kind::kTypeHistory},
                          {"/Patient/a-1.b", Kind::kInstance},
                          {"/Patient/1/_history", Kind::kInstanceHistory},
                          {"/Patient/1/_history/2", Kind::kVersion},
                          {"/Patient/1/Observation", Kind::kCompartment},
                          {"/Patient/1/*", Kind::kCompartment},
                          {"/Patient/1/Observation/_search", Kind::kCompartmentSearch},
                          {"/$x", Kind::kOperation},
                          {"/Patient/$validate", Kind::kOperation},
                          {"/Patient/1/%24everything", Kind::kOperation}}) {
    EXPECT_EQ(ParseTarget(one.path).kind, one.kind) << one.path;
  }
}

TEST(ParseTarget, RefusesWhatIsNoFhirAddress) {
  for (const char* path : {"/patient", "/Patient//1", "/Patient/1/x", "/Patient/%zz",
                           "/Patient/a b", "/Patient/1/_search", "/Patient/1/_history/2/3",
                           "/Patient/a%2Fb", "/Patient/..%00", "/1/2/3/4/5"}) {
    EXPECT_EQ(ParseTarget(path).kind, Kind::kNone) << path;
  }
}

TEST(ParseTarget, TakesNamesApart) {
  const Target version = ParseTarget("/Patient/1/_history/2");
  EXPECT_EQ(version.type + version.id + version.version_id, "Patient12");
  const Target compartment = ParseTarget("/Patient/1/Observation");
  EXPECT_EQ(compartment.compartment_type + compartment.compartment_id + compartment.type,
            "Patient1Observation");
  EXPECT_EQ(ParseTarget("/Patient/1/$everything").operation, "$everything");
}

TEST(Accept, TakesJsonAndWildcards) {
  for (const char* accept :
       {"", "*/*", "application/fhir+json", "application/json;q=0.5", "APPLICATION/JSON",
        "text/html,application/xml;q=0.9,*/*;q=0.8", "application/fhir+json; fhirVersion=4.0",
        "application/fhir+xml, application/fhir+json;q=0.1", "application/*"}) {
    EXPECT_EQ(AcceptedFormat(accept), Format::kJson) << accept;
  }
  for (const char* accept : {"application/fhir+xml", "text/html", "application/json;q=0",
                             "application/fhir+json; fhirVersion=3.0", "*/*;q=0.0"}) {
    EXPECT_EQ(AcceptedFormat(accept), Format::kOther) << accept;
  }
}

TEST(FormatParameter, TakesTheNamesOfTheStandard) {
  for (const char* name : {"json", "application/json", "application/fhir+json",
                           "application/fhir json", "text/json"}) {
    EXPECT_EQ(NamedFormat(name), Format::kJson) << name;
  }
  for (const char* name : {"xml", "html", "ttl", "application/fhir+xml", "*/*"}) {
    EXPECT_EQ(NamedFormat(name), Format::kOther) << name;
  }
}

TEST(ContentType, TellsKinds) {
  EXPECT_EQ(BodyKind("application/fhir+json; charset=UTF-8"), Body::kJson);
  EXPECT_EQ(BodyKind("application/fhir+json; charset=latin1"), Body::kOther);
  EXPECT_EQ(BodyKind("application/json-patch+json"), Body::kJsonPatch);
  EXPECT_EQ(BodyKind("application/x-www-form-urlencoded"), Body::kForm);
  EXPECT_EQ(BodyKind("text/xml"), Body::kOther);
  EXPECT_EQ(BodyKind(""), Body::kNone);
}

TEST(Prefer, TakesWhatItKnows) {
  const Preferences both = ParsePrefer("return=minimal; foo=bar, handling=\"lenient\", wait=10");
  EXPECT_EQ(both.return_, Return::kMinimal);
  EXPECT_EQ(both.handling, HandlingPreference::kLenient);
  EXPECT_EQ(ParsePrefer("return=OperationOutcome").return_, Return::kOutcome);
  EXPECT_EQ(ParsePrefer("return=nonsense").return_, Return::kDefault);
}

TEST(Etag, GivesTheVersion) {
  EXPECT_EQ(VersionOfEtag("W/\"3\""), "3");
  EXPECT_EQ(VersionOfEtag(" \"a-1\" "), "a-1");
  for (const char* bad : {"*", "3", "W/\"\"", "W/\"1\", W/\"2\"", "W/\"a b\""}) {
    EXPECT_EQ(VersionOfEtag(bad), std::nullopt) << bad;
  }
  EXPECT_TRUE(EtagListNames("W/\"1\", W/\"2\"", "2"));
  EXPECT_FALSE(EtagListNames("W/\"1\", W/\"2\"", "3"));
  EXPECT_TRUE(EtagListNames("*", "3"));
}

TEST(AcceptEncoding, KnowsGzip) {
  EXPECT_TRUE(AcceptsGzip("deflate, gzip;q=0.5"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("br"));
}

TEST(PrettyPrinter, IndentsWithoutTouchingLexemes) {
  const std::string text = R"({"a":[1.10,{}, []],"b\"{":"x, y: {","c":{"d":null}})";
  std::string whole;
  PrettyPrinter().Write(text, &whole);
  std::string pieces;
  PrettyPrinter printer;
  for (const char c : text) printer.Write({&c, 1}, &pieces);

  EXPECT_EQ(whole,
            "{\n  \"a\": [\n    1.10,\n    {},\n    []\n  ],\n  \"b\\\"{\": \"x, y: {\",\n"
            "  \"c\": {\n    \"d\": null\n  }\n}");
  EXPECT_EQ(pieces, whole);
}

TEST(FhirApiConfig, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(ParseConfig("{}").ok());
  EXPECT_EQ(ParseConfig(R"({"path":"/r4"})")->path, "/r4");
  for (const char* bad : {"[]", R"({"pth":"/x"})", R"({"path":"x"})", R"({"path":"/x/"})",
                          R"({"max_body_bytes":-1})", R"({"gzip_min_bytes":"1"})"}) {
    EXPECT_FALSE(ParseConfig(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace strata::fhir_api
