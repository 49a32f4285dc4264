// Changes: the stored format of a slot is committed, and what it keeps is migrated.

#include <algorithm>
#include <utility>

#include "core/host/change/changes.h"
#include "core/host/change/format_migration.h"
#include "core/host/change/requests.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using v1::Change;

constexpr std::chrono::seconds kAskTime{10};

// After a change on probation the core itself may have to go back to what was before.
Status CheckNoProbation(const Layout& layout) {
  for (const Slot& slot : layout.slots) {
    if (slot.probation_until_us == 0) continue;
    return FailedPrecondition("slot \"" + slot.config.name +
                              "\" is on probation, and the way back is not given up before that "
                              "has ended: wait, or end it (strata changes --end ID)");
  }
  return OkStatus();
}

void Warn(const Slot& slot, const StoredFormat& after, v1::Plan* shown) {
  shown->add_warnings("What slot " + slot.config.name +
                      " keeps is migrated while the stack serves; other changes wait meanwhile. "
                      "strata changes --end ID stops it, strata commit-format goes on.");
  if (slot.format.writes == after.writes || slot.previous == nullptr) return;
  if (CheckCanTake(after, "", slot.previous->manifest->formats).ok()) return;
  shown->add_warnings("There is no way back from here: " + PluginOf(*slot.previous) +
                      ", which `strata rollback " + slot.config.name +
                      "` would bring back, cannot read format " + std::to_string(after.writes) +
                      ".");
}

// What is to be done; nothing: it writes its newest format and has no other.
Result<std::optional<StoredFormat>> FormatAfter(const Slot& slot) {
  if (!slot.running()) return FailedPrecondition("slot \"" + slot.config.name + "\" does not run");
  if (!slot.format.known()) {
    return FailedPrecondition("slot \"" + slot.config.name + "\": plugin " + PluginOf(slot) +
                              " declares no formats of what it keeps");
  }
  const std::uint32_t to = slot.manifest->formats.newest();
  if (slot.format.writes == to && slot.format.migrated()) return std::optional<StoredFormat>();
  return std::optional<StoredFormat>({slot.format.name, to, to});
}

void ShowPlan(const Slot& slot, const StoredFormat& after, v1::Plan* shown) {
  v1::SlotChange* const change = shown->add_slots();
  change->set_slot(slot.config.name);
  change->set_action(v1::SlotChange::ACTION_FORMAT);
  FillOccupant(slot, change->mutable_from());
  FillOccupant(slot, change->mutable_to());
  FillFormat(slot.format, slot.manifest->formats, change->mutable_format_from());
  FillFormat(after, slot.manifest->formats, change->mutable_format_to());
  Warn(slot, after, shown);
}

}  // namespace

Result<v1::ChangeResponse> Changes::CommitFormat(const v1::CommitFormatRequest& request,
                                                 const std::string& who) {
  const Order order{Change::KIND_FORMAT, who, request.request_id(), request.plan_only(), 0, ""};
  return BeginPlanned(order, [&](const Layout& layout) -> Result<Job> {
    STRATA_ASSIGN_OR_RETURN(const Slot* const slot, FindSlot(layout, request.slot()));
    STRATA_ASSIGN_OR_RETURN(const auto after, FormatAfter(*slot));
    Job job{"", order, {}, std::nullopt};
    if (!after) return job;
    STRATA_RETURN_IF_ERROR(CheckNoProbation(layout));
    job.format = FormatJob{request.slot(), after->writes};
    ShowPlan(*slot, *after, &job.plan.shown);
    return job;
  });
}

// A migration that the end of an earlier core has cut off goes on. There is one at most.
void Changes::ResumeFormat() {
  for (const Change& change : history_.Unfinished()) {
    const auto record = state_.formats.FindChange(change.id());
    if (!record) continue;
    const Order order{Change::KIND_FORMAT, change.who(), "", false, 0, ""};
    Job job{change.id(), order, {}, FormatJob{record->first, record->second.format.writes}};
    const std::shared_ptr<const Layout> layout = state_.layout();
    const Slot* const slot = layout->Find(record->first);
    if (slot == nullptr || !slot->running() || !slot->format.known()) {
      const Status why = Unavailable("the core was started anew, and the slot does not run");
      return EndFormat(job, why, 0);
    }
    const base::MutexLock lock(mutex_);
    running_ = job.id;
    claimed_ = true;
    job_.emplace(std::move(job));
    return;
  }
}

void Changes::ShowFormat(const std::string& slot, const MigrationState& now) {
  Layout layout = *state_.layout();
  Slot* const to = layout.Find(slot);
  if (to == nullptr) return;
  to->format.writes = now.writes;
  to->format.lowest = now.lowest;
  state_.Show(layout);
}

// What an operator sees of it while it runs, and how he ends it.
void Changes::RunFormat(const Job& job) {
  state_.log.Info("change.started", {{"change", job.id}, {"who", job.order.who}});
  const Slot slot = *state_.layout()->Find(job.format->slot);
  std::uint64_t rows = 0;
  const Status status = CommitAndMigrate(job, slot, &rows);
  if (status.code() == Code::kCancelled && Stopping()) return;  // It goes on with the next start.
  EndFormat(job, status, rows);
}

Status Changes::CommitAndMigrate(const Job& job, const Slot& slot, std::uint64_t* rows) {
  const auto& [name, to] = *job.format;
  FormatMigration::Monitor monitor;
  monitor.ended = [&] {
    const base::MutexLock lock(mutex_);
    return end_running_ || stopping_;
  };
  monitor.progress = [&](const v1::Progress& progress) {
    *rows = progress.rows();
    history_.Update(job.id, [&](Change* c) { *c->mutable_progress() = progress; });
  };
  monitor.state = [&](const MigrationState& now) { ShowFormat(slot.config.name, now); };
  FormatMigration migration(shared_, slot, monitor);
  history_.Update(job.id, [&](Change* c) { c->set_step("commit the format of " + name); });
  // On the disk before the plugin hears of it: from here on only who reads both is started.
  const FormatRecords::Record before{slot.format, ""};
  const StoredFormat after{slot.format.name, to, std::min(slot.format.lowest, to)};
  STRATA_RETURN_IF_ERROR(state_.formats.Set(name, {after, job.id}));
  if (const Status written = migration.Write(to); !written.ok()) {
    const auto now = AskFormat(slot.instance, std::chrono::steady_clock::now() + kAskTime, shared_);
    const bool as_before = now.ok() && now->writes == before.format.writes && now->writes != to;
    if (as_before) static_cast<void>(state_.formats.Set(name, before));
    return written;
  }
  state_.log.Info("format.committed",
                  {{"slot", name}, {"name", after.name}, {"format", std::uint64_t{to}}});
  history_.Update(job.id, [&](Change* c) { c->set_step("migrate " + name); });
  return migration.Run();
}

void Changes::EndFormat(const Job& job, const Status& status, std::uint64_t rows) {
  const std::string& name = job.format->slot;
  const auto record = state_.formats.FindChange(job.id);
  std::string reason = status.ok() ? std::to_string(rows) + " rows are migrated" : status.message();
  if (record) {
    FormatRecords::Record after = record->second;
    after.change.clear();
    if (status.ok()) {
      after.format.lowest = after.format.writes;
    } else {
      reason += "; format " + std::to_string(after.format.writes) +
                " is committed, what is not migrated yet is read as it is: strata commit-format " +
                name + " goes on";
    }
    if (const Status set = state_.formats.Set(name, after); !set.ok()) {
      state_.log.Error("formats.not_recorded", {{"slot", name}, {"reason", set.message()}});
    }
  }
  Release();
  history_.Update(
      job.id,
      [&](Change* c) {
        c->set_state(status.ok() ? Change::STATE_DONE : Change::STATE_FAILED);
        c->set_reason(reason);
        c->set_finished_us(state_.clock.WallUs());
        c->set_generation_before(state_.table.current());
        c->set_generation_after(state_.table.current());
        c->clear_step();
      },
      /*record=*/true);
  state_.log.Info(
      "change.ended",
      {{"change", job.id}, {"slot", name}, {"code", CodeName(status.code())}, {"reason", reason}});
}

}  // namespace strata::host
