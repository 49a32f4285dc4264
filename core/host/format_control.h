#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "core/base/status.h"
#include "core/host/layout.h"
#include "core/host/slot_control.h"

namespace strata::host {

class StackState;

// What a plugin says of its migration.
struct MigrationState {
  std::uint32_t writes = 0;
  std::uint32_t lowest = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known.

  bool finished() const { return lowest == writes; }
};

// Calls of a plugin's strata.migrate/1, each on a thread of its own. Errors are the plugin's codes;
// INTERNAL: it has not returned in time and is still in there; UNIMPLEMENTED: it has no
// such extension. One thread at a time.
Result<MigrationState> AskFormat(const std::shared_ptr<Instance>& instance, Deadline deadline,
                                 const std::shared_ptr<void>& keep_alive);
Status WriteFormat(const std::shared_ptr<Instance>& instance, std::uint32_t format,
                   Deadline deadline, const std::shared_ptr<void>& keep_alive);
Result<MigrationState> MigratePiece(const std::shared_ptr<Instance>& instance,
                                    std::chrono::microseconds budget, Deadline deadline,
                                    const std::shared_ptr<void>& keep_alive);

// Finds out what an instance that owns its data has stored, into slot->format (nothing for plugins
// that declare no formats). FAILED_PRECONDITION: it says what its manifest does not, or offers no
// strata.migrate/1 and has several formats.
Status TakeFormat(Slot* slot, Deadline deadline, const std::shared_ptr<void>& keep_alive);

// Whether the plugin of `slot`, which does not run yet, can take over what the record says that the
// slot keeps. Errors as CheckCanTake.
Status CheckRecorded(const StackState& state, const Slot& slot);

// "uk.example.store 1.0.0", for messages.
std::string PluginOf(const Slot& slot);

}  // namespace strata::host
