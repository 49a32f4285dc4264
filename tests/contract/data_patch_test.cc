// patch and its conditional form, alone and within bundles: FHIR R4 http.html#patch.
#include <gtest/gtest.h>

#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

constexpr auto kJsonPatch = data::PatchRequest::FORMAT_JSON_PATCH;
constexpr auto kFhirPathPatch = data::PatchRequest::FORMAT_FHIRPATH_PATCH;
constexpr std::string_view kObservation =
    R"({"resourceType":"Observation","id":"o","identifier":[{"value":"7"}],)"
    R"("valueQuantity":{"value":1.10},"note":[{"text":"\u00e9"}]})";
constexpr std::string_view kActivate =
    R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)"
    R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},)"
    R"({"name":"name","valueString":"active"},{"name":"value","valueBoolean":true}]}]})";

class DataPatch : public DataContract {
 protected:
  Result<data::WriteResponse> Send(const data::PatchRequest& request) {
    data::WriteResponse response;
    STRATA_RETURN_IF_ERROR(client().Patch(cx(), request, &response));
    return response;
  }
  Result<data::WriteResponse> Patch(std::string_view type, std::string_view id,
                                    data::PatchRequest::Format format, std::string_view patch) {
    data::PatchRequest request;
    request.set_type(std::string(type));
    request.set_id(std::string(id));
    request.set_format(format);
    request.set_patch(std::string(patch));
    return Send(request);
  }
  static data::PatchRequest Conditional(std::string_view identifier) {
    data::PatchRequest request;
    request.set_type("Observation");
    request.set_conditional(true);
    auto* condition = request.add_condition();
    condition->set_name("identifier");
    condition->set_value(std::string(identifier));
    request.set_format(kJsonPatch);
    request.set_patch(R"([{"op":"add","path":"/status","value":"final"}])");
    return request;
  }
  static std::string Bundle(std::string_view type, const std::string& entries) {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)" + entries +
           "]}";
  }
  static std::string PatchEntry(std::string_view url, std::string_view resource,
                                std::string_view more = {}) {
    return R"({"resource":)" + std::string(resource) + R"(,"request":{"method":"PATCH","url":")" +
           std::string(url) + "\"" + std::string(more) + "}}";
  }
  // A commit takes a version of the store: how many there were up to now.
  std::uint64_t Commits() {
    std::uint64_t version = 0;
    const Status status = client().Watch(
        cx(),
        [] {
          data::WatchRequest request;
          request.set_stop_at_end(true);
          return request;
        }(),
        [&](data::WatchResponse& response) {
          version = std::stoull(response.cursor());
          return true;
        });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return version;
  }
};

TEST_P(DataPatch, MakesANewVersionAndKeepsEveryOtherLexeme) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());

  const auto patched = Patch("Observation", "o", kJsonPatch,
                             R"([{"op":"add","path":"/valueQuantity/unit","value":"m\u0067"}])");

  ASSERT_TRUE(patched.ok()) << patched.status().ToString();
  EXPECT_EQ(patched->resource().version_id(), "2");
  EXPECT_FALSE(patched->created());
  EXPECT_EQ(WithoutStamps(patched->resource().json()),
            R"({"resourceType":"Observation","identifier":[{"value":"7"}],)"
            R"("valueQuantity":{"value":1.10,"unit":"m\u0067"},"note":[{"text":"\u00e9"}]})");
  EXPECT_EQ(Read("Observation", "o")->resource().json(), patched->resource().json());
  EXPECT_EQ(Read("Observation", "o", "1")->resource().version_id(), "1");
}

TEST_P(DataPatch, IndexesWhatItChanged) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());

  ASSERT_TRUE(Patch("Observation", "o", kJsonPatch,
                    R"([{"op":"replace","path":"/identifier/0/value","value":"8"}])")
                  .ok());

  EXPECT_EQ(Search("Observation", {{"identifier", "7"}})->entries_size(), 0);
  EXPECT_EQ(Search("Observation", {{"identifier", "8"}})->entries_size(), 1);
}

TEST_P(DataPatch, ThatChangesNothingMakesNoVersion) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());

  const auto patched = Patch("Observation", "o", kJsonPatch,
                             R"([{"op":"test","path":"/valueQuantity/value","value":1.1}])");

  ASSERT_TRUE(patched.ok()) << patched.status().ToString();
  EXPECT_TRUE(patched->unchanged());
  EXPECT_EQ(patched->resource().version_id(), "1");
}

TEST_P(DataPatch, FhirPathPatchWorksAsWell) {
  ASSERT_TRUE(Update("Patient", "p", R"({"resourceType":"Patient","id":"p"})").ok());

  const auto patched = Patch("Patient", "p", kFhirPathPatch, kActivate);

  ASSERT_TRUE(patched.ok()) << patched.status().ToString();
  EXPECT_EQ(WithoutStamps(patched->resource().json()),
            R"({"resourceType":"Patient","active":true})");
  EXPECT_EQ(Search("Patient", {{"active", "true"}})->entries_size(), 1);
}

TEST_P(DataPatch, ErrorsTellWhatToDo) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());
  const auto issue = [&](std::string_view id, data::PatchRequest::Format format,
                         std::string_view patch) {
    return IssueOf(Patch("Observation", id, format, patch).status());
  };

  EXPECT_EQ(issue("o", kJsonPatch, "["), "structure");
  EXPECT_EQ(issue("o", kJsonPatch, R"([{"op":"add"}])"), "invalid");
  EXPECT_EQ(issue("o", kJsonPatch, R"([{"op":"remove","path":"/status"}])"), "processing");
  EXPECT_EQ(issue("o", kJsonPatch, R"([{"op":"replace","path":"/id","value":"x"}])"), "processing");
  EXPECT_EQ(issue("o", kJsonPatch, R"([{"op":"add","path":"","value":{}}])"), "processing");
  EXPECT_EQ(
      issue("o", kJsonPatch, R"([{"op":"replace","path":"/meta","value":{"versionId":"9"}}])"),
      "processing");
  EXPECT_EQ(issue("o", kFhirPathPatch, kActivate), "processing");
  EXPECT_EQ(issue("o", kFhirPathPatch, R"({"resourceType":"Observation"})"), "invalid");
  EXPECT_EQ(issue("none", kJsonPatch, "[]"), "not-found");
  ASSERT_TRUE(Delete("Observation", "o").ok());
  EXPECT_EQ(issue("o", kJsonPatch, "[]"), "deleted");
}

TEST_P(DataPatch, KeepsToIfMatch) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());
  data::PatchRequest request = Conditional("");
  request.set_conditional(false);
  request.clear_condition();
  request.set_id("o");

  request.set_if_match_version_id("2");
  EXPECT_EQ(Send(request).status().code(), Code::kFailedPrecondition);
  request.set_if_match_version_id("1");
  EXPECT_TRUE(Send(request).ok());
  request.set_if_match_version_id("*");
  EXPECT_TRUE(Send(request).ok());
  request.set_id("none");
  EXPECT_EQ(Send(request).status().code(), Code::kFailedPrecondition);
}

TEST_P(DataPatch, ConditionsFindOneResource) {
  EXPECT_EQ(IssueOf(Send(Conditional("7")).status()), "not-found");
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());
  const auto patched = Send(Conditional("7"));
  ASSERT_TRUE(patched.ok()) << patched.status().ToString();
  EXPECT_EQ(patched->resource().id(), "o");
  ASSERT_TRUE(Create("Observation", kObservation).ok());
  EXPECT_EQ(IssueOf(Send(Conditional("7")).status()), "multiple-matches");
  data::PatchRequest nothing = Conditional("7");
  nothing.clear_condition();
  EXPECT_EQ(IssueOf(Send(nothing).status()), "required");
}

TEST_P(DataPatch, ARepeatedRequestChangesNothing) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());
  data::PatchRequest request = Conditional("7");
  request.set_patch(R"([{"op":"add","path":"/identifier/-","value":{"value":"8"}}])");
  request.set_request_id("once");

  const auto first = Send(request);
  const auto again = Send(request);

  ASSERT_TRUE(first.ok() && again.ok()) << again.status().ToString();
  EXPECT_EQ(again->resource().json(), first->resource().json());
  EXPECT_EQ(Read("Observation", "o")->resource().version_id(), "2");
}

TEST_P(DataPatch, WorksWithinBundles) {
  // [{"op":"replace","path":"/gender","value":"female"}]
  const std::string binary =
      R"({"resourceType":"Binary","contentType":"application/json-patch+json",)"
      R"("data":"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6ImZlbWFsZSJ9XQ=="})";
  for (const char* type : {"batch", "transaction"}) {
    ASSERT_TRUE(
        Update("Patient", "p", R"({"resourceType":"Patient","id":"p","gender":"male"})").ok());
    ASSERT_TRUE(Update("Patient", "q",
                       R"({"resourceType":"Patient","id":"q","identifier":[{"value":"q"}]})")
                    .ok());

    const auto done = Transaction(Bundle(type, PatchEntry("Patient/p", binary) + "," +
                                                   PatchEntry("Patient?identifier=q", kActivate)));

    ASSERT_TRUE(done.ok()) << type << done.status().ToString();
    EXPECT_EQ((*done)[0].status(), 200u) << type;
    EXPECT_EQ((*done)[1].status(), 200u) << type;
    EXPECT_NE(Read("Patient", "p")->resource().json().find(R"("gender":"female")"),
              std::string::npos);
    EXPECT_NE(Read("Patient", "q")->resource().json().find(R"("active":true)"), std::string::npos);
  }
}

TEST_P(DataPatch, LinksThatATransactionPatchesInAreResolved) {
  ASSERT_TRUE(Update("Observation", "o", kObservation).ok());
  const std::string patch =
      R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)"
      R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Observation"},)"
      R"({"name":"name","valueString":"subject"},)"
      R"({"name":"value","valueReference":{"reference":"urn:uuid:a"}}]}]})";

  const auto done = Transaction(
      Bundle("transaction", PatchEntry("Observation/o", patch) +
                                R"(,{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient"},)"
                                R"("request":{"method":"POST","url":"Patient"}})"));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_NE((*done)[0].resource().json().find("Patient/" + (*done)[1].resource().id()),
            std::string::npos);
}

TEST_P(DataPatch, FailuresOfATransactionLeaveNothingBehind) {
  ASSERT_TRUE(Update("Patient", "p", R"({"resourceType":"Patient","id":"p"})").ok());

  const auto refused =
      Transaction(Bundle("transaction", PatchEntry("Patient/p", kActivate) + "," +
                                            PatchEntry("Patient/none", kActivate)));
  const auto twice = Transaction(Bundle("transaction", PatchEntry("Patient/p", kActivate) + "," +
                                                           PatchEntry("Patient/p", kActivate)));

  EXPECT_EQ(IssueOf(refused.status()), "not-found");
  EXPECT_EQ(IssueOf(twice.status()), "duplicate");
  EXPECT_EQ(Read("Patient", "p")->resource().version_id(), "1");
}

TEST_P(DataPatch, ABatchTakesFewCommitsAndEntriesInTheirOrder) {
  const auto put = [](int i, std::string_view gender) {
    const std::string id = "p" + std::to_string(i);
    return R"({"resource":{"resourceType":"Patient","id":")" + id + R"(","gender":")" +
           std::string(gender) + R"("},"request":{"method":"PUT","url":"Patient/)" + id + "\"}},";
  };
  std::string entries;
  for (int i = 0; i < 300; ++i) entries += put(i, "male");
  entries += put(7, "other") + PatchEntry("Patient/p7", kActivate) + "," +
             PatchEntry("Patient/p8", kActivate, R"(,"ifMatch":"W/\"9\"")") + "," +
             PatchEntry("Patient/none", kActivate);
  const std::uint64_t before = Commits();

  const auto done = Transaction(Bundle("batch", entries), "batch-1");
  const std::uint64_t commits = Commits() - before;
  const auto again = Transaction(Bundle("batch", entries), "batch-1");

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  ASSERT_EQ(done->size(), 304u);
  for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ((*done)[i].status(), 201u) << i;
  EXPECT_EQ((*done)[300].resource().version_id(), "2");
  EXPECT_EQ((*done)[301].resource().version_id(), "3");
  EXPECT_NE((*done)[301].resource().json().find("other"), std::string::npos);
  EXPECT_EQ((*done)[302].status(), 412u);
  EXPECT_EQ((*done)[303].status(), 404u);
  EXPECT_LE(commits, 5u);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)[301].resource().version_id(), "3");
  EXPECT_EQ(Read("Patient", "p7")->resource().version_id(), "3");
}

TEST_P(DataPatch, ConditionsOfABatchSeeTheEntriesBefore) {
  const auto entry = [](std::string_view value, std::string_view method, std::string_view url,
                        std::string_view more = {}) {
    return R"({"resource":{"resourceType":"Patient","identifier":[{"value":")" +
           std::string(value) + R"("}]},"request":{"method":")" + std::string(method) +
           R"(","url":")" + std::string(url) + "\"" + std::string(more) + "}}";
  };
  const auto done = Transaction(
      Bundle("batch", entry("a", "POST", "Patient", R"(,"ifNoneExist":"identifier=a")") + "," +
                          entry("a", "POST", "Patient", R"(,"ifNoneExist":"identifier=a")") + "," +
                          entry("b", "PUT", "Patient?identifier=b") + "," +
                          entry("b", "PUT", "Patient?identifier=b") + "," +
                          entry("c", "PUT", "Patient?identifier=a")));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  const std::vector<std::uint32_t> expected = {201, 200, 201, 200, 200};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*done)[i].status(), expected[i]) << i;
  }
  EXPECT_EQ((*done)[1].resource().id(), (*done)[0].resource().id());
  EXPECT_EQ((*done)[4].resource().id(), (*done)[0].resource().id());
  EXPECT_EQ(Search("Patient", {{"identifier", "a,b,c"}})->entries_size(), 2);
}

TEST_P(DataPatch, BundlesHoldSearchesByPostAndOperations) {
  ASSERT_TRUE(Update("Patient", "p", R"({"resourceType":"Patient","id":"p"})").ok());
  for (const char* type : {"batch", "transaction"}) {
    // _id=p
    const auto done = Transaction(Bundle(
        type,
        R"({"resource":{"resourceType":"Binary","contentType":"application/x-www-form-urlencoded",)"
        R"("data":"X2lkPXA="},"request":{"method":"POST","url":"Patient/_search"}},)"
        R"({"request":{"method":"POST","url":"Patient/_search?_id=p"}},)"
        R"({"request":{"method":"GET","url":"Patient/p/$fhirpath?expression=id"}})"));

    ASSERT_TRUE(done.ok()) << done.status().ToString();
    EXPECT_NE((*done)[0].bundle_json().find("Patient/p"), std::string::npos) << type;
    EXPECT_NE((*done)[1].bundle_json().find("Patient/p"), std::string::npos) << type;
    EXPECT_NE((*done)[2].bundle_json().find(R"("valueId":"p")"), std::string::npos)
        << (*done)[2].bundle_json();
  }
  const std::string unknown = R"({"request":{"method":"DELETE","url":"Patient/p"}},)"
                              R"({"request":{"method":"POST","url":"Patient/p/$nothing"}})";
  EXPECT_EQ(Transaction(Bundle("transaction", unknown)).status().code(), Code::kUnimplemented);
  EXPECT_TRUE(Read("Patient", "p").ok());
  EXPECT_EQ((*Transaction(Bundle("batch", unknown)))[1].status(), 501u);
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataPatch, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
