// Candidates that serve a share of the patients: the same ones always, on the same records, and
// taken back when they do worse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "tests/trial/trial_fixture.h"

namespace strata::trial {
namespace {

using core::v1::Change;
using core::v1::StartTrialRequest;
using core::v1::Trial;
using ::testing::HasSubstr;

constexpr char kOdd[] = "trialtest_data";
constexpr int kPatients = 40;
constexpr std::size_t kAll = kPatients;

std::string Patient(int i) { return "p" + std::to_string(i); }

class CanaryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < kPatients; ++i) ASSERT_TRUE(live_.Put(Patient(i), "Ng").ok());
  }

  static StartTrialRequest Request(const std::string& slot, const std::string& package,
                                   double percent, const std::string& fault = "") {
    StartTrialRequest request;
    request.set_slot(slot);
    request.set_package(package);
    request.set_canary_percent(percent);
    if (!fault.empty()) request.set_config_json(R"({"fault":")" + fault + R"("})");
    return request;
  }

  std::string Start(const StartTrialRequest& request) {
    const auto trial = live_.StartTrial(request);
    EXPECT_TRUE(trial.ok()) << trial.status().message();
    if (!trial.ok()) return "";
    EXPECT_EQ(trial->state(), Trial::STATE_RUNNING) << trial->reason();
    return trial->id();
  }

  Status Refusal(const StartTrialRequest& request) { return live_.StartTrial(request).status(); }

  // The patients whose answers are the candidate's (fault "field" shows).
  std::set<std::string> Shared() {
    std::set<std::string> out;
    for (int i = 0; i < kPatients; ++i) {
      const auto read = live_.Read(Patient(i));
      EXPECT_TRUE(read.ok()) << read.status().message();
      if (read.ok() && read->resource().json().find("XNg") != std::string::npos) {
        out.insert(Patient(i));
      }
    }
    return out;
  }

  LiveStack live_;
};

TEST_F(CanaryTest, ServesTheSamePatientsAlways) {
  EXPECT_TRUE(Shared().empty());
  const std::string id = Start(Request("record", kOdd, 30, "field"));
  const std::set<std::string> first = Shared();

  EXPECT_GT(first.size(), 2u);
  EXPECT_LT(first.size(), kAll / 2);
  EXPECT_EQ(Shared(), first);
  const Trial trial = live_.Get(id);
  EXPECT_EQ(trial.candidate_calls().calls(), first.size() * 2);
  EXPECT_EQ(trial.live_calls().calls(), (kAll - first.size()) * 2);
  EXPECT_EQ(trial.candidate().plugin(), "trialtest.data");

  const Trial ended = live_.End(id);
  EXPECT_EQ(ended.state(), Trial::STATE_ENDED);
  EXPECT_TRUE(Shared().empty());
  EXPECT_EQ(live_.ChangeOf(ended)->state(), Change::STATE_DONE);
  Start(Request("record", kOdd, 60, "field"));
  const std::set<std::string> more = Shared();
  for (const std::string& patient : first) EXPECT_TRUE(more.contains(patient)) << patient;
}

TEST_F(CanaryTest, BothSidesWriteTheSameRecords) {
  Start(Request("record", "data_fhir", 50));
  for (int i = 0; i < kPatients; ++i) {
    const auto written = live_.Put(Patient(i), "Li" + std::to_string(i));
    ASSERT_TRUE(written.ok()) << written.status().message();
    EXPECT_EQ(written->resource().version_id(), "2");
  }
  live_.End(live_.Get("trial-1").id());

  for (int i = 0; i < kPatients; ++i) {
    EXPECT_THAT(live_.Read(Patient(i))->resource().json(), HasSubstr("Li" + std::to_string(i)));
  }
}

TEST_F(CanaryTest, IsPinnedThroughTheServiceAbove) {
  Start(Request("record", kOdd, 30, "field"));
  const std::set<std::string> shared = Shared();

  for (int i = 0; i < kPatients; ++i) {
    const std::string body = live_.Http("GET", "/fhir/Patient/" + Patient(i));
    EXPECT_EQ(body.find("XNg") != std::string::npos, shared.contains(Patient(i))) << Patient(i);
  }
}

TEST_F(CanaryTest, AServiceServesItsShare) {
  const std::string id = Start(Request("fhir", "service_fhir_api", 50));
  for (int i = 0; i < kPatients; ++i) {
    EXPECT_THAT(live_.Http("GET", "/fhir/Patient/" + Patient(i)), HasSubstr(Patient(i)));
  }
  EXPECT_THAT(live_.Http("PUT", "/fhir/Observation/o",
                         R"({"resourceType":"Observation","id":"o","status":"final",)"
                         R"("code":{"text":"x"},"subject":{"reference":"Patient/p1"}})"),
              HasSubstr("Observation"));
  EXPECT_THAT(live_.Http("GET", "/fhir/Patient"), HasSubstr("searchset"));

  const Trial trial = live_.Get(id);
  EXPECT_GT(trial.candidate_calls().calls(), 8u);
  EXPECT_GT(trial.live_calls().calls(), 8u);
  // The list names no patient; the candidate was asked for its routes before.
  EXPECT_EQ(trial.candidate_calls().calls() + trial.live_calls().calls(), kAll + 2);
  EXPECT_EQ(trial.candidate_calls().errors(), 0u);
}

TEST_F(CanaryTest, TheViewerServesItsShare) {
  const std::string id = Start(Request("viewer", "service_record_viewer", 50));
  for (int i = 0; i < kPatients; ++i) {
    const std::string page = live_.Page("/record/" + Patient(i));
    EXPECT_THAT(page, HasSubstr("/record/" + Patient(i) + "/problems"));
    EXPECT_EQ(page, live_.Page("/record/" + Patient(i)));  // By the same one.
  }
  EXPECT_THAT(live_.Page("/"), HasSubstr("NHS number"));

  const Trial trial = live_.Get(id);
  EXPECT_GT(trial.candidate_calls().calls(), 16u);
  EXPECT_GT(trial.live_calls().calls(), 16u);
  EXPECT_EQ(trial.candidate_calls().errors(), 0u);
  EXPECT_EQ(live_.End(id).state(), Trial::STATE_ENDED);
  EXPECT_THAT(live_.Page("/record/p1"), HasSubstr("/record/p1/problems"));
}

TEST_F(CanaryTest, TakesItselfBackWhenItFails) {
  const std::string id = Start(Request("record", kOdd, 50, "error"));
  int next = 0;
  const Trial trial = live_.Until(
      id, [&] { static_cast<void>(live_.Read(Patient(++next % kPatients))); },
      [](const Trial& t) { return t.state() == Trial::STATE_WITHDRAWN; });

  EXPECT_THAT(trial.reason(), HasSubstr("of its calls fail; beside it, 0.0 % do"));
  const auto change = live_.ChangeOf(trial);
  EXPECT_EQ(change->kind(), Change::KIND_CANARY);
  EXPECT_EQ(change->state(), Change::STATE_ROLLED_BACK);
  EXPECT_THAT(change->reason(), HasSubstr("of its calls fail"));
  for (int i = 0; i < kPatients; ++i) EXPECT_TRUE(live_.Read(Patient(i)).ok());
}

TEST_F(CanaryTest, TakesItselfBackWhenItIsSlow) {
  StartTrialRequest request = Request("record", kOdd, 12, "slow");
  request.mutable_bounds()->set_least_calls(5);
  const std::string id = Start(request);
  int next = 0;
  const Trial trial = live_.Until(
      id, [&] { static_cast<void>(live_.Read(Patient(++next % kPatients))); },
      [](const Trial& t) { return t.state() == Trial::STATE_WITHDRAWN; });

  EXPECT_THAT(trial.reason(), HasSubstr("beside it, the p99 is"));
}

// Three failures tell enough where the stack file says so.
TEST(CanaryBounds, AreThoseOfTheStackFile) {
  LiveStack live(nullptr, "canary: {least_calls: 3}\n");
  ASSERT_TRUE(live.Put("p1", "Ng").ok());
  StartTrialRequest request;
  request.set_slot("record");
  request.set_package(kOdd);
  request.set_canary_percent(100);
  request.set_config_json(R"({"fault":"error"})");
  const auto trial = live.StartTrial(request);
  ASSERT_TRUE(trial.ok()) << trial.status().message();

  for (int i = 0; i < 3; ++i) EXPECT_FALSE(live.Read("p1").ok());
  const Trial ended = live.Until(
      trial->id(), [] {}, [](const Trial& t) { return t.state() == Trial::STATE_WITHDRAWN; });

  EXPECT_THAT(ended.reason(), HasSubstr("of its calls fail"));
}

TEST_F(CanaryTest, LosesNothingWhenItComesAndGoes) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> written{0};
  std::vector<std::thread> clients;
  base::Mutex mutex;
  std::set<std::string> acknowledged;
  for (int client = 0; client < 2; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !stop.load(); ++i) {
        const std::string name = "w" + std::to_string(client) + "-" + std::to_string(i);
        const auto put = live_.Put(name, "Ng");
        EXPECT_TRUE(put.ok()) << put.status().message();
        const base::MutexLock lock(mutex);
        acknowledged.insert(name);
        ++written;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    const std::string id = Start(Request("record", "data_fhir", 50));
    const std::uint64_t before = written.load();
    while (written.load() < before + 50) std::this_thread::yield();
    EXPECT_EQ(live_.End(id).state(), Trial::STATE_ENDED);
  }
  stop.store(true);
  for (std::thread& client : clients) client.join();

  for (const std::string& name : acknowledged) {
    const auto read = live_.Read(name);
    ASSERT_TRUE(read.ok()) << name;
    EXPECT_EQ(read->resource().version_id(), "1") << name;
  }
}

TEST_F(CanaryTest, AChangeOfItsSlotEndsIt) {
  const std::string id = Start(Request("record", kOdd, 100, "field"));
  EXPECT_EQ(Shared().size(), kAll);
  ASSERT_TRUE(live_.Swap("record", "data_fhir").ok());

  const Trial trial = live_.Until(
      id, [] {}, [](const Trial& t) { return t.state() == Trial::STATE_ENDED; });
  EXPECT_THAT(trial.reason(), HasSubstr("followed by"));
  EXPECT_TRUE(Shared().empty());
}

TEST_F(CanaryTest, AnotherChangeLeavesItAlone) {
  const std::string id = Start(Request("record", kOdd, 100, "field"));
  ASSERT_TRUE(live_.Swap("fhir", "service_fhir_api").ok());

  EXPECT_EQ(live_.Get(id).state(), Trial::STATE_RUNNING);
  EXPECT_EQ(Shared().size(), kAll);
}

TEST_F(CanaryTest, RefusesWhatMakesNoSense) {
  const auto expect = [&](const StartTrialRequest& request, Code code, const char* why) {
    const Status status = Refusal(request);
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(why));
  };
  expect(Request("hosting", "hosting_memory", 5), Code::kFailedPrecondition,
         "a record cannot be in two stores");
  expect(Request("nobody", "data_fhir", 5), Code::kNotFound, "no slot \"nobody\"");
  expect(Request("record", "no_such_package", 5), Code::kNotFound, "no_such_package");
  expect(Request("record", "hosting_memory", 5), Code::kInvalidArgument, "");
  StartTrialRequest both = Request("record", "data_fhir", 5);
  both.set_shadow_percent(10);
  expect(both, Code::kInvalidArgument, "not both");
  StartTrialRequest scratch = Request("record", "data_fhir", 5);
  scratch.set_scratch_package("hosting_memory");
  expect(scratch, Code::kInvalidArgument, "no scratch store");
  StartTrialRequest bounds = Request("record", "data_fhir", 5);
  bounds.mutable_bounds()->set_more_errors(2);
  expect(bounds, Code::kInvalidArgument, "from 0 to 1");
  expect(Request("record", kOdd, 5, "unknown"), Code::kInvalidArgument, "fault");
}

TEST_F(CanaryTest, APlanSaysWhatWouldHappenAndTouchesNothing) {
  StartTrialRequest request = Request("record", kOdd, 5, "field");
  request.set_plan_only(true);
  const auto planned = live_.StartTrial(request);

  ASSERT_TRUE(planned.ok()) << planned.status().message();
  EXPECT_EQ(planned->id(), "");
  ASSERT_EQ(planned->plan().slots_size(), 1);
  EXPECT_EQ(planned->plan().slots(0).action(), core::v1::SlotChange::ACTION_CANARY);
  EXPECT_EQ(planned->live().plugin(), "strata.data.fhir");
  EXPECT_EQ(planned->candidate().plugin(), "trialtest.data");
  EXPECT_EQ(planned->canary_percent(), 5);
  EXPECT_EQ(live_.Get("trial-1").id(), "");
  EXPECT_TRUE(Shared().empty());

  request.set_slot("hosting");
  EXPECT_EQ(Refusal(request).code(), Code::kFailedPrecondition);
}

TEST_F(CanaryTest, ACandidateThatCannotStartIsAResult) {
  const auto trial = live_.StartTrial(Request("record", kOdd, 5, "start"));

  ASSERT_TRUE(trial.ok()) << trial.status().message();
  EXPECT_EQ(trial->state(), Trial::STATE_FAILED);
  EXPECT_THAT(trial->reason(), HasSubstr("planted"));
  EXPECT_TRUE(live_.Read("p1").ok());
}

}  // namespace
}  // namespace strata::trial
