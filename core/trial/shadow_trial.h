#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/stack.h"
#include "core/trial/copy_queue.h"
#include "core/trial/report.h"
#include "core/trial/shadow_tap.h"
#include "core/trial/side_stack.h"
#include "core/trial/trial.h"

namespace strata::core::v1 {
class Trial;
}  // namespace strata::core::v1

namespace strata::trial {

class Feed;
class MessageCompare;

enum class TrialState : std::uint8_t { kPreparing, kRunning, kEnded, kFailed };

// A trial by copies, from the moment its candidate runs. Its thread ("strata-trial") fills the
// candidate, then repeats what the tap copies, until it is ended. Calls that began while it ran may
// end in its tap later.
class ShadowTrial final : public Trial {
 public:
  struct Spec {
    std::string id;
    CandidateSpec candidate;
    double shadow_percent = 0;
    std::chrono::seconds duration{0};  // 0: until it is ended.
  };

  ShadowTrial(host::Stack& live, Spec spec);
  ~ShadowTrial() override;
  ShadowTrial(const ShadowTrial&) = delete;
  ShadowTrial& operator=(const ShadowTrial&) = delete;

  Status Begin() override;
  void End(std::string reason) override;
  bool ended() const override;
  bool WaitEnded(std::chrono::steady_clock::time_point until,
                 const std::function<bool()>& cancelled) const override;
  const std::string& id() const override { return spec_.id; }
  void Fill(core::v1::Trial* out) const override;
  bool stuck() const override { return stuck_.load(); }

 private:
  void Run(ShadowTap& tap);
  Status Prepare();
  Status Replay(WriteLog& writes);
  void Finish(const Status& ran);
  void Show(TrialState state, std::string reason);

  host::Stack& live_;
  const Spec spec_;
  CopyQueue queue_;
  Report report_;
  // Made by Begin, then used by the thread only.
  std::unique_ptr<MessageCompare> compare_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<SideStack> side_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> stuck_{false};

  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  std::unique_ptr<ShadowTap> tap_ STRATA_GUARDED_BY(mutex_);
  host::SlotReport live_report_ STRATA_GUARDED_BY(mutex_);
  host::SlotReport candidate_report_ STRATA_GUARDED_BY(mutex_);
  TrialState state_ STRATA_GUARDED_BY(mutex_) = TrialState::kPreparing;
  std::string reason_ STRATA_GUARDED_BY(mutex_);
  std::int64_t started_us_ STRATA_GUARDED_BY(mutex_) = 0;
  std::int64_t ended_us_ STRATA_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace strata::trial
