// Trials beside a running stack: what is the same is called the same, what is planted is found at
// its place, and the live stack does not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/trial/trial_fixture.h"

namespace strata::trial {
namespace {

using core::v1::Trial;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kOdd[] = "trialtest_data";

bool Compared(const Trial& trial, const std::string& method, std::uint64_t times) {
  return MethodOf(trial, method).compared() >= times;
}

// The copies that the trial has done with.
std::uint64_t Taken(const Trial& trial) {
  return MethodOf(trial, "Read").compared() + trial.skipped();
}

std::string Fault(const std::string& name) { return R"({"fault":")" + name + R"("})"; }

std::string WhereDifferent(const core::v1::TrialMethod& method) {
  std::string out = method.method() + ":";
  for (const auto& difference : method.differences()) {
    out += " " + difference.path() + " x" + std::to_string(difference.count());
  }
  return out;
}

class TrialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(live_.Put(id, "Ng").ok());
    ASSERT_TRUE(live_.Delete("c").ok());
  }

  std::string Start(const std::string& slot, const std::string& package,
                    const std::string& config = "", double shadow = 100) {
    const auto trial = live_.StartTrial(slot, package, config, shadow);
    EXPECT_TRUE(trial.ok()) << trial.status().message();
    return trial.ok() ? trial->id() : "";
  }

  LiveStack live_;
};

TEST_F(TrialTest, TheSameDataPluginAnswersTheSame) {
  const std::string id = Start("record", "data_fhir");
  int round = 0;
  const Trial trial = live_.Until(
      id,
      [&] {
        const std::string name = "p" + std::to_string(++round % 7);
        EXPECT_TRUE(live_.Put(name, "N" + std::to_string(round)).ok());
        if (round % 5 == 0) static_cast<void>(live_.Delete(name));
        static_cast<void>(live_.Read(name));
        static_cast<void>(live_.Read("a"));
        static_cast<void>(live_.Read("nobody"));
        EXPECT_TRUE(live_.Search("Ng").ok());
      },
      [](const Trial& t) { return Compared(t, "Read", 60) && Compared(t, "Search", 20); });

  EXPECT_EQ(trial.state(), Trial::STATE_RUNNING);
  for (const auto& method : trial.methods()) {
    EXPECT_EQ(method.different(), 0u) << WhereDifferent(method);
    EXPECT_EQ(method.same(), method.compared());
    EXPECT_EQ(method.errors(), 0u);
    EXPECT_GT(method.candidate().p50_us(), 0);
  }
  const Trial ended = live_.End(id);
  EXPECT_EQ(ended.state(), Trial::STATE_ENDED);
  EXPECT_GT(ended.ended_us(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(live_.dir() + "/trials"));
}

// Nobody says whose some of the changes are: imports, and writes that began before the trial.
TEST_F(TrialTest, TheSameAnswersBesideWritersThatNobodyKnows) {
  std::atomic<int> rounds{0};
  std::thread writer([&] {
    for (int done = 0, i = 0; done >= 0; ++i) {
      const std::string family = "N" + std::to_string(i);
      EXPECT_TRUE(i % 4 == 0 ? live_.Import("a", family).ok() : live_.Put("a", family).ok());
      rounds.wait(done);
      done = rounds.load();
    }
  });
  const std::string id = Start("record", "data_fhir");
  live_.Until(
      id, [] {}, [](const Trial& t) { return t.state() != Trial::STATE_PREPARING; });
  // A write beside each round of reads, and the next round when the trial has taken this one: some
  // reads meet a write and others do not, however slow the machine is.
  std::uint64_t read = 0;
  const Trial trial = live_.Until(
      id,
      [&] {
        if (Taken(live_.Get(id)) < read) return;
        ++rounds;
        rounds.notify_one();
        for (int i = 0; i < 3; ++i) {
          EXPECT_TRUE(live_.Read("a").ok());
          EXPECT_TRUE(live_.Read("b").ok());
        }
        read += 6;
      },
      [](const Trial& t) { return Compared(t, "Read", 40); });
  rounds = -1;
  rounds.notify_one();
  writer.join();

  EXPECT_EQ(trial.state(), Trial::STATE_RUNNING) << trial.reason();
  for (const auto& method : trial.methods()) {
    EXPECT_EQ(method.different(), 0u) << WhereDifferent(method);
  }
}

TEST_F(TrialTest, AWrongFieldIsFoundAtItsPath) {
  const std::string id = Start("record", kOdd, Fault("field"));
  const Trial trial = live_.Until(
      id, [&] { static_cast<void>(live_.Read("a")); },
      [](const Trial& t) { return Compared(t, "Read", 10); });

  const auto read = MethodOf(trial, "Read");
  EXPECT_EQ(read.different(), read.compared());
  ASSERT_EQ(read.differences_size(), 1);
  EXPECT_EQ(read.differences(0).path(), "resource.json.name[*].family");
  EXPECT_EQ(read.differences(0).count(), read.different());
  EXPECT_EQ(trial.candidate().plugin(), "trialtest.data");
  EXPECT_EQ(trial.live().plugin(), "strata.data.fhir");
}

TEST_F(TrialTest, ErrorsOfTheCandidateAreCounted) {
  const std::string id = Start("record", kOdd, Fault("error"));
  const Trial trial = live_.Until(
      id,
      [&] {
        EXPECT_TRUE(live_.Read("a").ok());
        EXPECT_TRUE(live_.Search("Ng").ok());
      },
      [](const Trial& t) { return Compared(t, "Read", 5) && Compared(t, "Search", 5); });

  const auto read = MethodOf(trial, "Read");
  EXPECT_EQ(read.errors(), read.compared());
  ASSERT_EQ(read.differences_size(), 1);
  EXPECT_EQ(read.differences(0).path(), "code");
  EXPECT_EQ(MethodOf(trial, "Search").different(), 0u);
}

TEST_F(TrialTest, ASlowCandidateIsSeenAndNotFelt) {
  const std::string id = Start("record", kOdd, Fault("slow"));
  int reads = 0;
  int slow = 0;
  const Trial trial = live_.Until(
      id,
      [&] {
        const auto begun = std::chrono::steady_clock::now();
        EXPECT_TRUE(live_.Read("a").ok());
        ++reads;
        if (std::chrono::steady_clock::now() - begun > std::chrono::milliseconds(150)) ++slow;
      },
      [](const Trial& t) { return Compared(t, "Read", 5); });

  const auto read = MethodOf(trial, "Read");
  EXPECT_EQ(read.different(), 0u);
  EXPECT_GE(read.candidate().p50_us(), 150'000);
  EXPECT_LT(read.live().p50_us(), 150'000);
  EXPECT_LT(slow, reads / 2);
}

TEST_F(TrialTest, ACandidateThatCannotStartIsAResult) {
  const auto trial = live_.StartTrial("record", kOdd, Fault("start"));

  ASSERT_TRUE(trial.ok()) << trial.status().message();
  EXPECT_EQ(trial->state(), Trial::STATE_FAILED);
  EXPECT_THAT(trial->reason(), HasSubstr("planted"));
  EXPECT_TRUE(live_.Read("a").ok());
}

TEST_F(TrialTest, WhatIsWrittenForTheCandidateStaysThere) {
  const std::string id = Start("record", kOdd, Fault("none"));
  live_.Until(
      id, [&] { static_cast<void>(live_.Read("a")); },
      [](const Trial& t) { return Compared(t, "Read", 3); });

  EXPECT_EQ(live_.Read("a")->resource().version_id(), "1");
  EXPECT_EQ(live_.Put("a", "Li")->resource().version_id(), "2");
  const Trial trial = live_.Until(
      id, [&] { static_cast<void>(live_.Read("a")); },
      [](const Trial& t) { return Compared(t, "Read", 6); });
  EXPECT_EQ(MethodOf(trial, "Read").different(), 0u);
  EXPECT_EQ(live_.Read("a")->resource().version_id(), "2");
}

TEST_F(TrialTest, TheSameHostingPluginAnswersTheSame) {
  const std::string id = Start("hosting", "hosting_memory");
  int round = 0;
  const Trial trial = live_.Until(
      id,
      [&] {
        if (++round % 10 == 0) static_cast<void>(live_.Put("a", "N" + std::to_string(round)));
        static_cast<void>(live_.Read("a"));
        static_cast<void>(live_.Read("b"));
        EXPECT_TRUE(live_.Search("Ng").ok());
      },
      [](const Trial& t) { return Compared(t, "Get", 30); });

  for (const auto& method : trial.methods()) {
    EXPECT_EQ(method.different(), 0u) << WhereDifferent(method);
  }
}

TEST_F(TrialTest, TheSameServiceAnswersTheSameFromTheLiveData) {
  const std::string id = Start("fhir", "service_fhir_api");
  int round = 0;
  const Trial trial = live_.Until(
      id,
      [&] {
        EXPECT_THAT(live_.Http("GET", "/fhir/Patient/a"), HasSubstr("Patient"));
        EXPECT_THAT(live_.Http("GET", "/fhir/Patient"), HasSubstr("searchset"));
        if (++round % 10 == 0) {
          live_.Http("PUT", "/fhir/Patient/d", R"({"resourceType":"Patient","id":"d"})");
        }
      },
      [](const Trial& t) { return Compared(t, "Handle", 20); });

  EXPECT_EQ(MethodOf(trial, "Handle").different(), 0u);
  EXPECT_EQ(trial.methods_size(), 1);
}

TEST_F(TrialTest, OneTrialAtATime) {
  Start("record", "data_fhir");
  EXPECT_EQ(live_.StartTrial("record", "data_fhir").status().code(), Code::kAlreadyExists);
}

TEST_F(TrialTest, APlanSaysWhatWouldHappenAndTouchesNothing) {
  core::v1::StartTrialRequest request;
  request.set_slot("record");
  request.set_package("data_fhir");
  request.set_shadow_percent(10);
  request.set_plan_only(true);
  const auto planned = live_.StartTrial(request);

  ASSERT_TRUE(planned.ok()) << planned.status().message();
  EXPECT_EQ(planned->id(), "");
  ASSERT_EQ(planned->plan().slots_size(), 1);
  EXPECT_EQ(planned->plan().slots(0).action(), core::v1::SlotChange::ACTION_SHADOW);
  EXPECT_EQ(planned->candidate().plugin(), "strata.data.fhir");
  EXPECT_EQ(planned->shadow_percent(), 10);
  EXPECT_THAT(planned->plan().warnings(),
              Contains(HasSubstr("fresh store (strata.hosting.memory")));
  EXPECT_EQ(live_.Get("trial-1").id(), "");
  EXPECT_FALSE(std::filesystem::exists(live_.dir() + "/trials"));

  request.set_package("hosting_memory");
  EXPECT_EQ(live_.StartTrial(request).status().code(), Code::kFailedPrecondition);
  request.set_package("data_fhir");
  request.set_config_json(R"({"no_such":1})");
  EXPECT_EQ(live_.StartTrial(request).status().code(), Code::kInvalidArgument);
}

TEST_F(TrialTest, EndsByItselfWithTheStack) {
  Start("record", "data_fhir");
  static_cast<void>(live_.Read("a"));
}

TEST_F(TrialTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(live_.StartTrial("nobody", "data_fhir").status().code(), Code::kNotFound);
  EXPECT_EQ(live_.StartTrial("record", "no_such_package").status().code(), Code::kNotFound);
  EXPECT_EQ(live_.StartTrial("record", "hosting_memory").status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(live_.StartTrial("record", "data_fhir", "", 0).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(live_.StartTrial("record", "data_fhir", "", 101).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(live_.StartTrial("record", kOdd, R"({"fault":"unknown"})").status().code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace strata::trial
