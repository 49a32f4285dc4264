#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/change/history.h"
#include "core/host/change/kept.h"
#include "core/host/change/plan.h"
#include "core/host/change/probation.h"
#include "core/host/change/runner.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

struct MigrationState;
class StackState;

// Changes of the running stack, one at a time on a thread of their own ("strata-change"). Thread-
// safe. The calls answer as soon as the change has begun; none of them waits for requests to drain,
// so they may come from within a request that a change waits for. Errors: proto/strata/core/v1.
class Changes final {
 public:
  explicit Changes(StackState& state);
  ~Changes();
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  // From Start to Stop changes are carried out. Stop ends one that has not switched, and waits; the
  // plugins that were replaced are gone afterwards. Probations end with what runs.
  void Start(std::shared_ptr<StackState> state);
  void Stop();

  // `who` asked.
  Result<core::v1::ChangeResponse> Swap(const core::v1::SwapRequest& request,
                                        const std::string& who);
  Result<core::v1::ChangeResponse> Apply(const core::v1::ApplyRequest& request,
                                         const std::string& who);
  Result<core::v1::ChangeResponse> Rollback(const core::v1::RollbackRequest& request,
                                            const std::string& who);
  Result<core::v1::ChangeResponse> CommitFormat(const core::v1::CommitFormatRequest& request,
                                                const std::string& who);
  // A candidate that serves a share of the patients until it is ended (End), for `duration_us` at
  // the most (0: no limit), or until it breaks a bound. It is on probation all the while.
  Result<core::v1::ChangeResponse> StartCanary(const core::v1::SwapRequest& request,
                                               const CanaryOrder& canary, std::int64_t duration_us,
                                               const std::string& who);
  Result<core::v1::Change> End(const std::string& id);

  // A change that some other part of the core has planned (a move): `plan` runs on this thread.
  struct Order {
    core::v1::Change::Kind kind = core::v1::Change::KIND_UNSPECIFIED;
    std::string who;
    std::string request_id;
    bool plan_only = false;
    std::int64_t probation_us = 0;  // 0: none.
    std::string reason{};           // Of automatic ones.
    std::optional<CanaryOrder> canary{};
  };
  Result<core::v1::ChangeResponse> Begin(
      const Order& order, const std::function<Result<Wanted>(const Layout&)>& wanted);

  ChangeHistory& history() { return history_; }

 private:
  // The migration of what a slot keeps.
  struct FormatJob {
    std::string slot;
    std::uint32_t to = 0;
  };
  struct Job {
    std::string id;
    Order order;
    ChangePlan plan;
    std::optional<FormatJob> format;  // Instead of the steps of `plan`.
  };
  // A change that has switched and is compared with what was before.
  struct OnProbation {
    std::string id;
    std::int64_t until_us = 0;  // CLOCK_MONOTONIC
    std::vector<std::unique_ptr<Probation>> slots;
    std::vector<core::v1::SlotChange> changes;
    std::shared_ptr<const Layout> before;
    std::shared_ptr<const Canary> canary;  // Null: it is none. shared: with the layout.
    std::string breach;                    // Why it is to be taken back.
    std::string taken_back_by;             // The change that does so.
    bool over = false;
  };
  class Claim;

  Result<core::v1::ChangeResponse> BeginPlanned(
      const Order& order, const std::function<Result<Job>(const Layout&)>& planned);
  void Run();
  void RunJob(Job job);
  void RunFormat(const Job& job);
  void ResumeFormat();
  Status CommitAndMigrate(const Job& job, const Slot& slot, std::uint64_t* rows);
  void EndFormat(const Job& job, const Status& status, std::uint64_t rows);
  void ShowFormat(const std::string& slot, const MigrationState& now);
  void Release();
  void Succeed(const Job& job, const ChangeRunner& runner, const ChangeOutcome& outcome);
  void StartProbation(const Job& job, const ChangeRunner& runner, std::int64_t until_us);
  // Canaries (changes_canary.cc).
  void BeginCanary(const Job& job, const ChangeRunner& runner, const ChangeOutcome& outcome);
  void RemoveCanary(const OnProbation& change);
  void ShowProbation(const OnProbation& change, std::int64_t until_us);
  void CheckProbations();
  // Told to others by Announce, when the next change may begin.
  void EndProbation(OnProbation* change, core::v1::Change::State state, const std::string& why);
  void Announce();
  // Probations of slots that `plan` touches are over.
  void Supersede(const Job& job, const ChangePlan& plan);
  void TakeBack(OnProbation* change);
  void Retire(std::vector<std::shared_ptr<Instance>> old, bool calls_left);
  void RetireLoop();
  void RecoverHistory();
  // Begins again what an earlier core was copying when it ended.
  void GoOnCopying();
  // For the next start of the core: that it is copying, and what it has made.
  void KeepCopying(const Job& job, const ChangePlan& plan);
  Status Keep(const Job& job, const ChangeRunner& runner, bool with_formats);
  // False: some could not be recorded.
  bool LearnFormats(const ChangeRunner& runner);
  // It did not switch; one that copied and was cut off by the end of the core goes on later.
  void Fail(const Job& job, const ChangeOutcome& outcome, const Status& status);
  bool Stopping() const;

  StackState& state_;
  ChangeHistory history_;
  KeptChanges kept_;                    // Of the thread.
  std::shared_ptr<StackState> shared_;  // From Start to Stop.

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool started_ STRATA_GUARDED_BY(mutex_) = false;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  bool claimed_ STRATA_GUARDED_BY(mutex_) = false;  // Somebody plans or carries out a change.
  std::string running_ STRATA_GUARDED_BY(mutex_);   // Its id, once it has one.
  bool end_running_ STRATA_GUARDED_BY(mutex_) = false;
  std::vector<std::string> end_probation_ STRATA_GUARDED_BY(mutex_);
  std::optional<Job> job_ STRATA_GUARDED_BY(mutex_);

  struct Old {
    std::shared_ptr<Instance> instance;
    bool calls_left;
  };
  std::vector<Old> old_ STRATA_GUARDED_BY(mutex_);
  base::CondVar old_changed_;
  bool retire_stopping_ STRATA_GUARDED_BY(mutex_) = false;

  std::vector<OnProbation> probations_;               // Of the thread.
  std::vector<std::function<void()>> announcements_;  // The same.
  std::thread thread_;
  std::thread retire_thread_;
};

}  // namespace strata::host
