// Single resources: along the table of proto/strata/data/v1/README.md.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

constexpr std::string_view kPatient =
    R"({ "resourceType" : "Patient", "id": "p1", "active": true,
         "extension": [{"url": "http://x", "valueDecimal": 1.10}],
         "name": [{"family": "Gr\u00fcn", "unknown": -0.0e+1}] })";

std::string PatientWith(std::string_view id, std::string_view family) {
  return std::string(R"({"resourceType":"Patient","id":")")
      .append(id)
      .append(R"(","name":[{"family":")")
      .append(family)
      .append("\"}]}");
}

TEST_P(DataContract, CreateGivesAnIdAndReadAnswersTheSameLexemes) {
  const auto created = Create("Patient", kPatient);
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  const auto read = Read("Patient", created->resource().id());

  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(created->created());
  EXPECT_NE(created->resource().id(), "p1");  // FHIR R4 http.html#create: the server chooses
  EXPECT_EQ(read->resource().json(), created->resource().json());
  EXPECT_EQ(WithoutStamps(read->resource().json()), WithoutStamps(kPatient));
  EXPECT_EQ(read->resource().version_id(), "1");
  EXPECT_EQ(read->resource().change(), data::CHANGE_CREATED);
}

TEST_P(DataContract, UpdateCreatesThenChangesAndKeepsEachVersion) {
  const auto first = Update("Patient", "p1", PatientWith("p1", "A"));
  const auto second = Update("Patient", "p1", PatientWith("p1", "B"));
  const auto old = Read("Patient", "p1", "1");
  const auto now = Read("Patient", "p1");

  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_TRUE(first->created());
  EXPECT_FALSE(second->created());
  EXPECT_EQ(second->resource().version_id(), "2");
  EXPECT_EQ(old->resource().json(), first->resource().json());
  EXPECT_EQ(now->resource().json(), second->resource().json());
  EXPECT_GE(second->resource().last_updated_us(), first->resource().last_updated_us());
}

TEST_P(DataContract, AnUpdateThatChangesNothingMakesNoVersion) {
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "A")).ok());
  const auto same = Update("Patient", "p1", " " + PatientWith("p1", "A") + "\n");
  const auto stored = Read("Patient", "p1");
  const auto again = Update("Patient", "p1", stored->resource().json());
  const auto other = Update("Patient", "p1", PatientWith("p1", "\\u0041"));

  EXPECT_TRUE(same->unchanged());
  EXPECT_TRUE(again->unchanged());
  EXPECT_EQ(again->resource().version_id(), "1");
  EXPECT_FALSE(other->unchanged());  // another lexeme is another text
  EXPECT_EQ(other->resource().version_id(), "2");
}

TEST_P(DataContract, IfMatchLetsOnlyTheRightVersionThrough) {
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "A")).ok());

  const auto wrong = Update("Patient", "p1", PatientWith("p1", "B"), "7");
  const auto absent = Update("Patient", "p2", PatientWith("p2", "B"), "1");
  const auto right = Update("Patient", "p1", PatientWith("p1", "B"), "1");

  EXPECT_EQ(wrong.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(IssueOf(wrong.status()), "conflict");
  EXPECT_EQ(absent.status().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(right.ok());
}

TEST_P(DataContract, IfNoneMatchAnyCreatesOnly) {
  data::UpdateRequest request;
  request.set_type("Patient");
  request.set_id("p1");
  request.set_json(PatientWith("p1", "A"));
  request.set_if_none_match_any(true);
  data::WriteResponse response;

  EXPECT_TRUE(client().Update(cx(), request, &response).ok());
  const Status second = client().Update(cx(), request, &response);

  EXPECT_EQ(second.code(), Code::kFailedPrecondition);
  EXPECT_EQ(IssueOf(second), "conflict");
}

TEST_P(DataContract, WhatWasDeletedIsGoneUntilItIsWrittenAgain) {
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "A")).ok());
  const auto deleted = Delete("Patient", "p1");
  const auto gone = Read("Patient", "p1");
  const auto gone_version = Read("Patient", "p1", "2");
  const auto again = Delete("Patient", "p1");
  const auto never = Delete("Patient", "p9");
  const auto back = Update("Patient", "p1", PatientWith("p1", "A"));

  EXPECT_EQ(deleted->deleted(), 1u);
  EXPECT_EQ(deleted->version_id(), "2");
  EXPECT_EQ(gone.status().code(), Code::kNotFound);
  EXPECT_EQ(IssueOf(gone.status()), "deleted");
  EXPECT_EQ(IssueOf(gone_version.status()), "deleted");
  EXPECT_EQ(again->deleted(), 0u);
  EXPECT_EQ(never->deleted(), 0u);
  EXPECT_TRUE(back->created());
  EXPECT_EQ(back->resource().version_id(), "3");
}

TEST_P(DataContract, ReadRefusesWhatIsNotThere) {
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "A")).ok());

  EXPECT_EQ(IssueOf(Read("Patient", "nobody").status()), "not-found");
  EXPECT_EQ(IssueOf(Read("Patient", "p1", "2").status()), "not-found");
  EXPECT_EQ(IssueOf(Read("Patient", "p1", "01").status()), "not-found");
  EXPECT_EQ(Read("Nonsense", "p1").status().code(), Code::kNotFound);
  EXPECT_EQ(IssueOf(Read("Nonsense", "p1").status()), "not-supported");
  EXPECT_EQ(Read("Patient", "a b").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Read("Patient", std::string(65, 'a')).status().code(), Code::kInvalidArgument);
}

TEST_P(DataContract, ConditionalReadAnswersNotModified) {
  const auto written = Update("Patient", "p1", PatientWith("p1", "A"));
  data::ReadRequest request;
  request.set_type("Patient");
  request.set_id("p1");
  request.set_if_none_match_version_id("1");
  data::ReadResponse same, other, since;

  ASSERT_TRUE(client().Read(cx(), request, &same).ok());
  request.set_if_none_match_version_id("2");
  ASSERT_TRUE(client().Read(cx(), request, &other).ok());
  request.clear_if_none_match_version_id();
  request.set_if_modified_since_us(written->resource().last_updated_us());
  ASSERT_TRUE(client().Read(cx(), request, &since).ok());

  EXPECT_TRUE(same.not_modified());
  EXPECT_TRUE(same.resource().json().empty());
  EXPECT_FALSE(other.not_modified());
  EXPECT_TRUE(since.not_modified());
}

struct BadBody {
  const char* json;
  const char* issue;
};

TEST_P(DataContract, BrokenBodiesAreRefusedWithTheReason) {
  for (const BadBody& bad :
       {BadBody{"{\"resourceType\":\"Patient\",", "structure"}, BadBody{"[]", "structure"},
        BadBody{"{}", "required"}, BadBody{R"({"resourceType":"Nonsense"})", "value"},
        BadBody{R"({"resourceType":"Observation","id":"p1"})", "invalid"},
        BadBody{R"({"resourceType":"Patient"})", "required"},
        BadBody{R"({"resourceType":"Patient","id":"other"})", "value"},
        BadBody{R"({"resourceType":"Patient","id":7})", "structure"},
        BadBody{R"({"resourceType":"Patient","id":"a b"})", "value"},
        BadBody{R"({"resourceType":"Patient","id":"p1","meta":[]})", "structure"},
        BadBody{R"({"resourceType":"Patient","id":"p1","id":"p1"})", "structure"}}) {
    const auto refused = Update("Patient", "p1", bad.json);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << bad.json;
    EXPECT_EQ(IssueOf(refused.status()), bad.issue) << bad.json;
  }
  EXPECT_EQ(Read("Patient", "p1").status().code(), Code::kNotFound);
}

TEST_P(DataContract, ABodyThatIsTooLargeIsRefused) {
  data::DescribeResponse limits;
  ASSERT_TRUE(client().Describe(cx(), {}, &limits).ok());

  const auto refused =
      Update("Patient", "p1", PatientWith("p1", std::string(limits.max_resource_bytes(), 'x')));

  EXPECT_EQ(refused.status().code(), Code::kResourceExhausted);
  EXPECT_EQ(IssueOf(refused.status()), "too-long");
}

TEST_P(DataContract, LargeResourcesComeBackWhole) {
  std::string noise;
  std::uint64_t random = 88172645463325252U;
  while (noise.size() < 2'000'000) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    noise.append(std::to_string(random));
  }
  const std::string json =
      R"({"resourceType":"Binary","id":"b","contentType":"text/plain","data":")" + noise + "\"}";

  ASSERT_TRUE(Update("Binary", "b", json).ok());
  ASSERT_TRUE(Update("Binary", "b", R"({"resourceType":"Binary","id":"b"})").ok());

  EXPECT_EQ(WithoutStamps(Read("Binary", "b", "1")->resource().json()), WithoutStamps(json));
}

TEST_P(DataContract, ARepeatedRequestIdAnswersAsTheFirstAndChangesNothing) {
  const auto first = Create("Patient", PatientWith("x", "A"), "request-1");
  const auto repeated = Create("Patient", PatientWith("x", "A"), "request-1");
  const auto other = Create("Patient", PatientWith("x", "B"), "request-1");
  data::HistoryRequest everything;

  ASSERT_TRUE(repeated.ok()) << repeated.status().ToString();
  EXPECT_EQ(repeated->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(other.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(History(everything)->size(), 1u);
}

struct HistoryPage {
  std::vector<std::string> versions;  // "id/version"
  data::HistoryResponse tokens;
};

HistoryPage PageOf(DataContract& contract, data::HistoryRequest request, const std::string& token) {
  request.set_page_token(token);
  HistoryPage page;
  const Status status =
      contract.client().History(contract.cx(), request, [&](data::HistoryResponse& message) {
        for (const auto& resource : message.resources()) {
          page.versions.push_back(resource.id() + "/" + resource.version_id());
        }
        page.tokens = message;
        return true;
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return page;
}

// To the last page and back again: the same pages, whoever writes meanwhile.
TEST_P(DataContract, HistoriesCanBeReadBothWays) {
  for (int i = 0; i < 11; ++i) {
    const std::string id = "p" + std::to_string(i % 2);
    ASSERT_TRUE(Update("Patient", id, PatientWith(id, std::to_string(i))).ok());
    if (i == 5) {
      ASSERT_TRUE(Delete("Patient", "p1").ok());
    }
    if (i == 6) {
      ASSERT_TRUE(Update("Basic", "b", R"({"resourceType":"Basic","id":"b"})").ok());
    }
  }
  for (const auto& [type, id, all] : std::vector<std::tuple<std::string, std::string, std::size_t>>{
           {"Patient", "p1", 6}, {"Patient", "", 14}, {"", "", 17}}) {
    data::HistoryRequest request;
    request.set_type(type);
    request.set_id(id);
    request.set_count(2);
    std::vector<HistoryPage> pages = {PageOf(*this, request, "")};
    EXPECT_TRUE(pages.front().tokens.previous_page_token().empty());
    std::size_t versions = pages.front().versions.size();
    while (!pages.back().tokens.next_page_token().empty()) {
      pages.push_back(PageOf(*this, request, pages.back().tokens.next_page_token()));
      versions += pages.back().versions.size();
    }
    EXPECT_EQ(versions, all) << type << id;
    ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "later" + type + id)).ok());
    std::string token = pages.back().tokens.previous_page_token();
    for (std::size_t i = pages.size() - 1; i-- > 0;) {
      const HistoryPage page = PageOf(*this, request, token);
      EXPECT_EQ(page.versions, pages[i].versions) << type << id << " page " << i;
      const HistoryPage next = PageOf(*this, request, page.tokens.next_page_token());
      EXPECT_EQ(next.versions, pages[i + 1].versions) << type << id << " page " << i;
      token = page.tokens.previous_page_token();
      EXPECT_EQ(token.empty(), i == 0);
    }
    // A token is of one history.
    request.set_since_us(1);
    request.set_page_token(pages.back().tokens.previous_page_token());
    EXPECT_EQ(client().History(cx(), request, [](data::HistoryResponse&) { return true; }).code(),
              Code::kInvalidArgument);
    ASSERT_TRUE(Delete("Patient", "p1").ok());
  }
}

TEST_P(DataContract, ARepeatedUpdateAnswersAsTheFirstThoughOthersWroteSince) {
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "A")).ok());
  data::UpdateRequest request;
  request.set_type("Patient");
  request.set_id("p1");
  request.set_json(PatientWith("p1", "B"));
  request.set_if_match_version_id("1");
  request.set_request_id("request-2");
  data::WriteResponse first, repeated;

  ASSERT_TRUE(client().Update(cx(), request, &first).ok());
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "C")).ok());
  ASSERT_TRUE(client().Update(cx(), request, &repeated).ok());

  EXPECT_EQ(repeated.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(Read("Patient", "p1")->resource().version_id(), "3");
}

TEST_P(DataContract, NoUpdateIsLostAmongManyWriters) {
  constexpr int kThreads = 8;
  constexpr int kUpdates = 15;
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "start")).ok());

  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kUpdates; ++i) {
        const std::string family = std::to_string(t) + "-" + std::to_string(i);
        EXPECT_TRUE(Update("Patient", "p1", PatientWith("p1", family)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(Read("Patient", "p1")->resource().version_id(),
            std::to_string(1 + kThreads * kUpdates));
}

TEST_P(DataContract, OneOfManyWritersWithTheSameIfMatchWins) {
  constexpr int kThreads = 8;
  ASSERT_TRUE(Update("Patient", "p1", PatientWith("p1", "start")).ok());

  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto written = Update("Patient", "p1", PatientWith("p1", std::to_string(t)), "1");
      if (written.ok()) {
        ++won;
      } else {
        EXPECT_EQ(written.status().code(), Code::kFailedPrecondition);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(won, 1);
  EXPECT_EQ(Read("Patient", "p1")->resource().version_id(), "2");
}

TEST_P(DataContract, ANamedTenantIsRefused) {
  common::v1::AuthContext auth;
  auth.set_tenant("other");
  testing::FakeRequest request({.auth = auth.SerializeAsString()});
  data::ReadRequest read;
  read.set_type("Patient");
  read.set_id("p1");
  data::ReadResponse response;

  const Status refused = client().Read(request.context(), read, &response);

  EXPECT_EQ(refused.code(), Code::kUnimplemented);
  EXPECT_EQ(IssueOf(refused), "not-supported");
}

TEST_P(DataContract, UnknownOperationsSayThatTheyAreNotThere) {
  bool sent = false;
  const Status operated = client().Operate(
      cx(),
      [&](data::OperateRequest* request) {
        request->set_operation("nonsense");
        return !std::exchange(sent, true);
      },
      [](data::OperateResponse&) { return true; });

  EXPECT_EQ(operated.code(), Code::kUnimplemented);
  EXPECT_EQ(IssueOf(operated), "not-supported");
}

TEST_P(DataContract, FhirPathAnswersOnePartForEachItem) {
  const std::string body =
      R"j({"resourceType":"Parameters","parameter":[{"name":"expression","valueString":)j"
      R"j("name.given | name.count() | birthDate | name.first() | contact | (1.10 'mg')"},)j"
      R"j({"name":"resource","resource":{"resourceType":"Patient","birthDate":"1970-03",)j"
      R"j("name":[{"given":["A"]}],"contact":[{"gender":"male"}]}}]})j";
  bool sent = false;
  std::string answer;
  const Status status = client().Operate(
      cx(),
      [&](data::OperateRequest* request) {
        request->set_operation("$fhirpath");
        request->set_body(body);
        return !std::exchange(sent, true);
      },
      [&](data::OperateResponse& response) {
        answer += response.json();
        return true;
      });

  ASSERT_TRUE(status.ok()) << status.ToString();
  for (const char* part :
       {R"j("valueString":"A")j", R"j("valueInteger":1)j", R"j("valueDate":"1970-03")j",
        R"j("valueHumanName":{"given":["A"]})j", R"j({\"gender\":\"male\"})j",
        R"j("valueQuantity":{"value":1.10,"unit":"mg")j"}) {
    EXPECT_NE(answer.find(part), std::string::npos) << part << " in " << answer;
  }
}

TEST_P(DataContract, DescribesEveryTypeOfR4) {
  data::DescribeResponse response;

  ASSERT_TRUE(client().Describe(cx(), {}, &response).ok());

  EXPECT_EQ(response.fhir_version(), "4.0.1");
  EXPECT_EQ(response.types_size(), 146);
  const auto rest = json::Document::Parse(response.capability_rest_json());
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->root()["resource"].size(), 146u);
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataContract, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
