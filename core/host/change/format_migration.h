#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/host/change/migration_pace.h"
#include "core/host/format_control.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

// Moves what one slot keeps to the format that was committed, piece by piece while it serves, on
// the control thread. What it has done lies with the plugin, so it can end and begin anew at any
// time. The instance serves as long as this lives.
class FormatMigration final {
 public:
  struct Monitor {
    std::function<bool()> ended;  // It is to end.
    std::function<void(const core::v1::Progress&)> progress;
    std::function<void(const MigrationState&)> state;  // Told when what is stored changes.
  };

  FormatMigration(std::shared_ptr<StackState> state, const Slot& slot, Monitor monitor);

  // From here on `to` is written. Errors as the plugin's; it may write the old one still.
  Status Write(std::uint32_t to);
  // Until nothing is stored in another format. CANCELLED: it was to end; INTERNAL: a piece has not
  // returned; else why the plugin could not go on, after many tries where that may pass.
  Status Run();

  const MigrationState& reached() const { return reached_; }

 private:
  Status Take(const Result<MigrationState>& piece);
  Status TryAgain(const Status& status);
  void Tell();

  const std::shared_ptr<StackState> state_;
  const std::shared_ptr<Instance> instance_;
  const Monitor monitor_;
  MigrationPace pace_;
  MigrationState reached_;
  std::uint64_t done_before_ = 0;
  int failures_ = 0;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace strata::host
