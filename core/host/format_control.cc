#include "core/host/format_control.h"

#include <string>
#include <utility>

#include "core/abi/strata/plugin_extensions.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

const strata_ext_migrate* TableOf(const Instance& instance) {
  return static_cast<const strata_ext_migrate*>(instance.Extension(STRATA_EXT_MIGRATE));
}

Status NoExtension() { return Unimplemented("it does not offer " STRATA_EXT_MIGRATE); }

// Runs `function`, which fills a state; kept alive by a thread that may outlive this call.
Result<MigrationState> RunForState(
    const std::shared_ptr<Instance>& instance, Deadline deadline,
    const std::shared_ptr<void>& keep_alive, const char* name,
    std::function<Status(Instance&, const strata_ext_migrate&, strata_format_state*)> function) {
  const auto state = std::make_shared<strata_format_state>();  // shared: with that thread.
  state->struct_size = sizeof(strata_format_state);
  const auto answer = RunControl(deadline, instance, keep_alive,
                                 [state, function = std::move(function)](Instance& i) {
                                   const strata_ext_migrate* const table = TableOf(i);
                                   if (table == nullptr) return NoExtension();
                                   // Keeps it from being destroyed while a piece that was given up
                                   // is still at work.
                                   if (!i.BeginTask()) return Unavailable("it is being stopped");
                                   Status status = function(i, *table, state.get());
                                   i.EndTask();
                                   return status;
                                 });
  if (!answer) return Internal(std::string(name) + " did not return in time");
  if (!answer->ok()) return *answer;
  return MigrationState{state->writes, state->lowest, state->done, state->total};
}

}  // namespace

Result<MigrationState> AskFormat(const std::shared_ptr<Instance>& instance, Deadline deadline,
                                 const std::shared_ptr<void>& keep_alive) {
  return RunForState(
      instance, deadline, keep_alive, "state",
      [](Instance& i, const strata_ext_migrate& table, strata_format_state* out) {
        return i.Control(
            [&](void* self, strata_status* why) { return table.state(self, out, why); }, "state");
      });
}

Status WriteFormat(const std::shared_ptr<Instance>& instance, std::uint32_t format,
                   Deadline deadline, const std::shared_ptr<void>& keep_alive) {
  return RunForState(
             instance, deadline, keep_alive, "write",
             [format](Instance& i, const strata_ext_migrate& table, strata_format_state*) {
               return i.Control(
                   [&](void* self, strata_status* why) { return table.write(self, format, why); },
                   "write");
             })
      .status();
}

Result<MigrationState> MigratePiece(const std::shared_ptr<Instance>& instance,
                                    std::chrono::microseconds budget, Deadline deadline,
                                    const std::shared_ptr<void>& keep_alive) {
  return RunForState(
      instance, deadline, keep_alive, "step",
      [budget](Instance& i, const strata_ext_migrate& table, strata_format_state* out) {
        return i.Control(
            [&](void* self, strata_status* why) {
              return table.step(self, budget.count(), out, why);
            },
            "step");
      });
}

std::string PluginOf(const Slot& slot) {
  if (!slot.manifest) return slot.config.plugin;
  return slot.manifest->id + " " + slot.manifest->version;
}

Status TakeFormat(Slot* slot, Deadline deadline, const std::shared_ptr<void>& keep_alive) {
  slot->format = {};
  if (!slot->manifest || !slot->manifest->formats.declared()) return OkStatus();
  const DeclaredFormats& declared = slot->manifest->formats;
  auto state = AskFormat(slot->instance, deadline, keep_alive);
  if (state.status().code() == Code::kUnimplemented && declared.reads.size() == 1) {
    state = MigrationState{declared.newest(), declared.newest(), 0, 0};  // What else?
  }
  if (!state.ok()) {
    return {state.status().code(), "formats of what it keeps: " + state.status().message()};
  }
  if (!declared.Writes(state->writes) || !declared.Reads(state->lowest) ||
      state->lowest > state->writes) {
    return FailedPrecondition("it says that it stores format " + std::to_string(state->lowest) +
                              " and writes " + std::to_string(state->writes) +
                              ", and its manifest that it " + declared.ToString());
  }
  slot->format = {declared.name, state->writes, state->lowest};
  return OkStatus();
}

Status CheckRecorded(const StackState& state, const Slot& slot) {
  if (!slot.manifest || !slot.manifest->formats.declared()) return OkStatus();
  const auto record = state.formats.Find(slot.config.name, slot.manifest->formats.name);
  if (!record) return OkStatus();
  return CheckCanTake(record->format, PluginOf(slot), slot.manifest->formats);
}

}  // namespace strata::host
