// Candidates in processes of their own that end by themselves: taken back at once, with the reason,
// and the live plugin serves everybody again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <string>

#include "core/host/canary.h"
#include "core/host/stack_state.h"
#include "core/isolation/isolator.h"
#include "tests/trial/trial_fixture.h"

namespace strata::trial {
namespace {

using core::v1::Change;
using core::v1::Trial;
using ::testing::HasSubstr;

constexpr int kPatients = 20;
constexpr char kEnded[] = "slot record: its process has ended by itself";

std::string Patient(int i) { return "p" + std::to_string(i); }

class CanaryCrash : public ::testing::Test {
 protected:
  CanaryCrash() {
    for (int i = 0; i < kPatients; ++i) EXPECT_TRUE(live_.Put(Patient(i), "Ng").ok());
  }

  Trial Start(const std::string& package, const std::string& config_json) {
    core::v1::StartTrialRequest request;
    request.set_slot("record");
    request.set_package(package);
    request.set_config_json(config_json);
    request.set_canary_percent(50);
    request.set_isolation("process");
    const auto trial = live_.StartTrial(request);
    EXPECT_TRUE(trial.ok()) << trial.status().message();
    return trial.ok() ? *trial : Trial();
  }

  // Reads all patients until the trial was withdrawn; the patients that could not be read then.
  std::set<std::string> ReadUntilWithdrawn(Trial* trial) {
    std::set<std::string> refused;
    int next = 0;
    *trial = live_.Until(
        trial->id(),
        [&] {
          const std::string patient = Patient(++next % kPatients);
          if (!live_.Read(patient).ok()) refused.insert(patient);
        },
        [](const Trial& t) { return t.state() == Trial::STATE_WITHDRAWN; });
    return refused;
  }

  void ExpectTakenBack(const Trial& trial) {
    EXPECT_EQ(trial.reason(), kEnded);
    const auto change = live_.ChangeOf(trial);
    EXPECT_EQ(change->kind(), Change::KIND_CANARY);
    EXPECT_EQ(change->state(), Change::STATE_ROLLED_BACK);
    EXPECT_EQ(change->reason(), kEnded);
    const std::uint64_t calls = trial.candidate_calls().calls();
    for (int i = 0; i < kPatients; ++i) EXPECT_TRUE(live_.Read(Patient(i)).ok());
    EXPECT_EQ(live_.Get(trial.id()).candidate_calls().calls(), calls);
  }

  base::MemoryLogSink sink_;
  base::SystemClock clock_;
  base::Log log_{sink_, clock_};
  isolation::Isolator isolator_{log_, STRATA_PLUGIN_HOST};
  LiveStack live_{&isolator_};
};

TEST_F(CanaryCrash, NobodyNoticesAProcessThatIsKilled) {
  Trial trial = Start("data_fhir", "");
  const std::shared_ptr<const host::Layout> layout = live_->state().layout();
  const auto& candidate = layout->Find("record")->canary->candidate().instance;
  const auto report = candidate->ReportOutside(isolator_);

  ASSERT_GT(report.pid, 0);
  ASSERT_EQ(::kill(report.pid, SIGKILL), 0);
  const std::set<std::string> refused = ReadUntilWithdrawn(&trial);

  EXPECT_THAT(refused, ::testing::IsEmpty());  // Reads are repeated by the process that follows.
  ExpectTakenBack(trial);
}

TEST_F(CanaryCrash, ACandidateThatCrashesIsTakenBack) {
  Trial trial = Start("trialtest_data", R"({"fault":"crash"})");
  const std::shared_ptr<const host::Canary> canary =
      live_->state().layout()->Find("record")->canary;

  const std::set<std::string> refused = ReadUntilWithdrawn(&trial);

  for (const std::string& patient : refused) {
    EXPECT_EQ(canary->SideOf(patient), host::Side::kCandidate) << patient;
  }
  ExpectTakenBack(trial);
}

}  // namespace
}  // namespace strata::trial
