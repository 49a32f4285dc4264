#pragma once

#include <strata/plugin.h>

#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "strata/core/v1/core.strata.h"

struct strata_plugin;

namespace strata::testing {

// A core for the tests of the console: a stack whose slots change when it is told to, a step at
// each look. Changes and trials go: running, running, probation (or done). Thread-safe but for the
// public members, which are set before the first call.
class FakeCore : public core::v1::CoreService {
 public:
  // A stack of three layers and the packages for it.
  FakeCore();

  // Text that binds the plugin to this object: give it to FakeHost::Add as the configuration.
  std::string Config() const;
  static const strata_plugin* Plugin();

  core::v1::StatusResponse status;
  core::v1::ListPluginsResponse packages;
  // Without them it answers as a core that has no such RPCs.
  bool can_change = true;
  bool can_trial = true;
  // What the last Swap or Move asked for, and how many were not plans.
  core::v1::SwapRequest last_swap;
  int deeds = 0;

  core::v1::Slot* Slot(std::string_view name);

  strata::Status Status(Context& cx, const core::v1::StatusRequest& request,
                        core::v1::StatusResponse* response) override;
  strata::Status ListPlugins(Context& cx, const core::v1::ListPluginsRequest& request,
                             core::v1::ListPluginsResponse* response) override;
  strata::Status Swap(Context& cx, const core::v1::SwapRequest& request,
                      core::v1::ChangeResponse* response) override;
  strata::Status Rollback(Context& cx, const core::v1::RollbackRequest& request,
                          core::v1::ChangeResponse* response) override;
  // "memory" in the file: slot left gets that plugin; else nothing is to be done.
  strata::Status Apply(Context& cx, const core::v1::ApplyRequest& request,
                       core::v1::ChangeResponse* response) override;
  strata::Status MoveHosting(Context& cx, const core::v1::MoveHostingRequest& request,
                             core::v1::ChangeResponse* response) override;
  strata::Status EndChange(Context& cx, const core::v1::EndChangeRequest& request,
                           core::v1::EndChangeResponse* response) override;
  strata::Status WatchChange(Context& cx, const core::v1::WatchChangeRequest& request,
                             Writer<core::v1::Change>& writer) override;
  strata::Status ListChanges(Context& cx, const core::v1::ListChangesRequest& request,
                             core::v1::ListChangesResponse* response) override;
  strata::Status StartTrial(Context& cx, const core::v1::StartTrialRequest& request,
                            core::v1::Trial* response) override;
  strata::Status WatchTrial(Context& cx, const core::v1::WatchTrialRequest& request,
                            Writer<core::v1::Trial>& writer) override;
  strata::Status EndTrial(Context& cx, const core::v1::EndTrialRequest& request,
                          core::v1::Trial* response) override;
  strata::Status ListTrials(Context& cx, const core::v1::ListTrialsRequest& request,
                            core::v1::ListTrialsResponse* response) override;

 private:
  core::v1::Slot& AddSlot(std::string_view name, std::string_view layer, std::string_view plugin,
                          std::string_view needs) STRATA_REQUIRES(mutex_);
  void AddPackage(std::string_view plugin, std::string_view layer, std::string_view problem);
  strata::Status Answer(std::string_view slot, std::string_view package,
                        core::v1::Change::Kind kind, core::v1::SwapMode mode, bool plan_only,
                        core::v1::ChangeResponse* response) STRATA_REQUIRES(mutex_);
  void Advance(core::v1::Change* change) STRATA_REQUIRES(mutex_);
  void Switch(core::v1::Change* change) STRATA_REQUIRES(mutex_);
  void Compare(core::v1::Trial* trial) STRATA_REQUIRES(mutex_);

  base::Mutex mutex_;
  core::v1::ListChangesResponse changes_ STRATA_GUARDED_BY(mutex_);  // Newest first.
  core::v1::ListTrialsResponse trials_ STRATA_GUARDED_BY(mutex_);
  int last_id_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::testing
