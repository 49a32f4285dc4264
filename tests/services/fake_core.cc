#include "tests/services/fake_core.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace strata::testing {
namespace {

namespace v1 = core::v1;

// 2026-01-01T00:00:00Z
constexpr std::int64_t kNowUs = 1'767'225'600'000'000;
constexpr std::uint64_t kRows = 1'204'331;

// Forwards to the FakeCore whose address is its configuration.
class FakeCorePlugin final : public v1::CoreService {
 public:
  FakeCorePlugin(Host /*host*/, std::string_view config) {
    std::uintptr_t address = 0;
    std::from_chars(config.data(), config.data() + config.size(), address);
    core_ = reinterpret_cast<FakeCore*>(address);
  }

  strata::Status Status(Context& cx, const v1::StatusRequest& in,
                        v1::StatusResponse* out) override {
    return core_->Status(cx, in, out);
  }
  strata::Status ListPlugins(Context& cx, const v1::ListPluginsRequest& in,
                             v1::ListPluginsResponse* out) override {
    return core_->ListPlugins(cx, in, out);
  }
  strata::Status Swap(Context& cx, const v1::SwapRequest& in, v1::ChangeResponse* out) override {
    return core_->Swap(cx, in, out);
  }
  strata::Status Rollback(Context& cx, const v1::RollbackRequest& in,
                          v1::ChangeResponse* out) override {
    return core_->Rollback(cx, in, out);
  }
  strata::Status Apply(Context& cx, const v1::ApplyRequest& in, v1::ChangeResponse* out) override {
    return core_->Apply(cx, in, out);
  }
  strata::Status MoveHosting(Context& cx, const v1::MoveHostingRequest& in,
                             v1::ChangeResponse* out) override {
    return core_->MoveHosting(cx, in, out);
  }
  strata::Status EndChange(Context& cx, const v1::EndChangeRequest& in,
                           v1::EndChangeResponse* out) override {
    return core_->EndChange(cx, in, out);
  }
  strata::Status WatchChange(Context& cx, const v1::WatchChangeRequest& in,
                             Writer<v1::Change>& out) override {
    return core_->WatchChange(cx, in, out);
  }
  strata::Status ListChanges(Context& cx, const v1::ListChangesRequest& in,
                             v1::ListChangesResponse* out) override {
    return core_->ListChanges(cx, in, out);
  }
  strata::Status StartTrial(Context& cx, const v1::StartTrialRequest& in, v1::Trial* out) override {
    return core_->StartTrial(cx, in, out);
  }
  strata::Status WatchTrial(Context& cx, const v1::WatchTrialRequest& in,
                            Writer<v1::Trial>& out) override {
    return core_->WatchTrial(cx, in, out);
  }
  strata::Status EndTrial(Context& cx, const v1::EndTrialRequest& in, v1::Trial* out) override {
    return core_->EndTrial(cx, in, out);
  }
  strata::Status ListTrials(Context& cx, const v1::ListTrialsRequest& in,
                            v1::ListTrialsResponse* out) override {
    return core_->ListTrials(cx, in, out);
  }

 private:
  FakeCore* core_ = nullptr;
};

v1::Occupant OccupantOf(const v1::Slot& slot) {
  v1::Occupant out;
  out.set_plugin(slot.plugin());
  out.set_version(slot.version());
  out.set_digest(slot.digest());
  out.set_package(slot.package());
  out.set_isolation(slot.isolation());
  return out;
}

void Put(const v1::Occupant& occupant, v1::Slot* slot) {
  slot->set_plugin(occupant.plugin());
  slot->set_version(occupant.version());
  slot->set_digest(occupant.digest());
  slot->set_package(occupant.package());
  slot->set_isolation(occupant.isolation());
}

// A number that looks like a digest and differs by name.
std::string DigestOf(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  std::uint32_t state = 2166136261U;
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
  for (int i = 0; i < 64; ++i) {
    state = state * 1664525U + 1013904223U;
    out.push_back(kHex[state >> 28]);
  }
  return out;
}

v1::Slot* Find(v1::StatusResponse* status, std::string_view name) {
  for (v1::Slot& slot : *status->mutable_slots()) {
    if (slot.name() == name) return &slot;
  }
  return nullptr;
}

bool HasEnded(const v1::Change& change) {
  return change.state() != v1::Change::STATE_RUNNING &&
         change.state() != v1::Change::STATE_PROBATION;
}

}  // namespace

FakeCore::FakeCore() {
  const base::MutexLock lock(mutex_);
  status.set_stack("ward");
  status.set_version("0.1.0");
  status.set_generation(12);
  status.set_started_us(kNowUs - std::int64_t{7200} * 1'000'000);
  status.set_ready(true);
  status.set_http_address("127.0.0.1:8080");
  status.set_grpc_address("127.0.0.1:8081");
  AddSlot("fhir", "service", "strata.service.fhir_api", "record");
  AddSlot("viewer", "service", "strata.service.record_viewer", "record");
  AddSlot("console", "service", "strata.service.console", "core");
  AddSlot("record", "data", "strata.data.fhir", "mirror");
  AddSlot("mirror", "hosting", "strata.hosting.mirror", "left");
  v1::Binding* const right = Find(&status, "mirror")->add_bindings();
  right->set_name("right");
  right->set_service("strata.hosting.v1.Hosting");
  right->set_slot("right");
  AddSlot("left", "hosting", "strata.hosting.sqlite", "");
  AddSlot("right", "hosting", "strata.hosting.memory", "").set_isolation("process");
  Find(&status, "right")->set_pid(4711);
  for (const char* name : {"mirror", "sqlite", "memory"}) {
    AddPackage("strata.hosting." + std::string(name), "hosting", "");
  }
  AddPackage("strata.data.fhir", "data", "");
  AddPackage("strata.service.console", "service", "");
  AddPackage("example.hosting.old", "hosting",
             "abi: it was built for version 0 of the plugin ABI, this core has 1; build it again");
}

v1::Slot& FakeCore::AddSlot(std::string_view name, std::string_view layer, std::string_view plugin,
                            std::string_view needs) {
  v1::Slot& slot = *status.add_slots();
  slot.set_name(std::string(name));
  slot.set_layer(std::string(layer));
  slot.set_plugin(std::string(plugin));
  slot.set_version("0.1.0");
  slot.set_package("/opt/strata/plugins/" + std::string(plugin));
  slot.set_digest(DigestOf(plugin));
  slot.set_state("ACTIVE");
  slot.set_isolation("in-process");
  slot.mutable_health()->set_state(v1::Health::STATE_SERVING);
  slot.add_provides("strata." + std::string(layer) + ".v1.Example");
  slot.mutable_calls()->set_calls(20'000);
  slot.mutable_calls()->set_p50_us(340);
  slot.mutable_calls()->set_p99_us(2'900);
  if (!needs.empty()) {
    v1::Binding* const binding = slot.add_bindings();
    binding->set_name(needs == "mirror" ? "store" : std::string(needs));
    binding->set_service("strata.example.v1.Needed");
    binding->set_slot(std::string(needs));
  }
  return slot;
}

void FakeCore::AddPackage(std::string_view plugin, std::string_view layer,
                          std::string_view problem) {
  v1::Package* const package = packages.add_packages();
  package->set_plugin(std::string(plugin));
  package->set_version("0.1.0");
  package->set_layer(std::string(layer));
  package->set_path("/opt/strata/plugins/" + std::string(plugin));
  package->set_problem(std::string(problem));
  package->set_description("An example");
  for (const v1::Slot& slot : status.slots()) {
    if (slot.plugin() == plugin) package->add_slots(slot.name());
  }
}

std::string FakeCore::Config() const {
  return std::to_string(reinterpret_cast<std::uintptr_t>(this));
}

const strata_plugin* FakeCore::Plugin() {
  return sdk::PluginTable<FakeCorePlugin, v1::CoreService>::Get(
      {"test.core.fake", "1.0.0", "core"});
}

v1::Slot* FakeCore::Slot(std::string_view name) { return Find(&status, name); }

strata::Status FakeCore::Status(Context&, const v1::StatusRequest&, v1::StatusResponse* out) {
  const base::MutexLock lock(mutex_);
  for (v1::Slot& slot : *status.mutable_slots()) {
    slot.mutable_calls()->set_calls(slot.calls().calls() + 120);
  }
  *out = status;
  return {};
}

strata::Status FakeCore::ListPlugins(Context&, const v1::ListPluginsRequest&,
                                     v1::ListPluginsResponse* out) {
  const base::MutexLock lock(mutex_);
  *out = packages;
  return {};
}

strata::Status FakeCore::Answer(std::string_view slot, std::string_view package,
                                v1::Change::Kind kind, v1::SwapMode mode, bool plan_only,
                                v1::ChangeResponse* out) {
  if (!can_change) return Unimplemented("no such RPC");
  v1::Slot* const target = Slot(slot);
  if (target == nullptr) return NotFound("no slot \"" + std::string(slot) + "\"");
  v1::SlotChange* const change = out->mutable_plan()->add_slots();
  change->set_slot(std::string(slot));
  change->set_action(v1::SlotChange::ACTION_SWAP);
  change->set_mode(mode);
  *change->mutable_from() = OccupantOf(*target);
  *change->mutable_to() = OccupantOf(*target);
  if (kind == v1::Change::KIND_ROLLBACK) {
    if (!target->has_previous()) return FailedPrecondition("the slot has not been changed");
    *change->mutable_to() = target->previous();
  }
  for (const v1::Package& known : packages.packages()) {
    if (known.path() != package) continue;
    if (!known.problem().empty()) return FailedPrecondition(known.problem());
    change->mutable_to()->set_plugin(known.plugin());
    change->mutable_to()->set_version(known.version());
    change->mutable_to()->set_package(known.path());
    change->mutable_to()->set_digest(DigestOf(known.plugin()));
  }
  if (mode == v1::SWAP_MODE_HANDOVER) {
    out->mutable_plan()->add_warnings("Requests wait while the stored data changes hands.");
  }
  if (plan_only) return {};
  for (const v1::Change& other : changes_.changes()) {
    if (other.state() == v1::Change::STATE_RUNNING) return Aborted("another change runs");
  }
  ++deeds;
  v1::Change* const made = out->mutable_change();
  made->set_id("change-" + std::to_string(++last_id_));
  made->set_kind(kind);
  made->set_state(v1::Change::STATE_RUNNING);
  *made->mutable_slots() = out->plan().slots();
  made->set_who("operator");
  made->set_started_us(kNowUs);
  made->set_generation_before(status.generation());
  made->set_step("start");
  if (kind == v1::Change::KIND_MOVE) made->mutable_progress()->set_rows_total(kRows);
  // Newest first.
  v1::ListChangesResponse all;
  *all.add_changes() = *made;
  all.MergeFrom(changes_);
  changes_ = std::move(all);
  return {};
}

void FakeCore::Switch(v1::Change* change) {
  v1::Slot* const slot = Slot(change->slots(0).slot());
  *slot->mutable_previous() = OccupantOf(*slot);
  Put(change->slots(0).to(), slot);
  status.set_generation(status.generation() + 1);
  change->set_generation_after(status.generation());
  change->set_pause_us(change->slots(0).mode() == v1::SWAP_MODE_HANDOVER ? 31'000 : 0);
  change->set_drained(17);
  slot->set_probation_until_us(kNowUs + std::int64_t{600} * 1'000'000);
  change->set_probation_until_us(slot->probation_until_us());
  change->set_step("probation");
  change->set_state(v1::Change::STATE_PROBATION);
}

void FakeCore::Advance(v1::Change* change) {
  if (change->state() != v1::Change::STATE_RUNNING) return;
  if (change->has_progress() && change->progress().rows() < kRows) {
    v1::Progress* const progress = change->mutable_progress();
    change->set_step("copy");
    progress->set_rows(std::min(kRows, progress->rows() + kRows / 3 + 1));
    progress->set_bytes(progress->rows() * 700);
    progress->set_bytes_total(kRows * 700);
    progress->set_rows_per_second(41'000);
    progress->set_seconds_left(static_cast<double>(kRows - progress->rows()) / 41'000);
    progress->set_lag(12);
  } else if (change->step() != "drain") {
    change->set_step("drain");
  } else {
    Switch(change);
  }
}

strata::Status FakeCore::Swap(Context&, const v1::SwapRequest& in, v1::ChangeResponse* out) {
  const base::MutexLock lock(mutex_);
  last_swap = in;
  return Answer(in.slot(), in.package(), v1::Change::KIND_SWAP,
                in.mode() == v1::SWAP_MODE_UNSPECIFIED ? v1::SWAP_MODE_OVERLAP : in.mode(),
                in.plan_only(), out);
}

strata::Status FakeCore::Rollback(Context&, const v1::RollbackRequest& in,
                                  v1::ChangeResponse* out) {
  const base::MutexLock lock(mutex_);
  return Answer(in.slot(), {}, v1::Change::KIND_ROLLBACK, v1::SWAP_MODE_OVERLAP, in.plan_only(),
                out);
}

strata::Status FakeCore::Apply(Context&, const v1::ApplyRequest& in, v1::ChangeResponse* out) {
  const base::MutexLock lock(mutex_);
  if (in.stack_yaml().find("slots:\n") == std::string::npos) {
    return InvalidArgument(in.file() + ":1: \"slots\" is missing or empty");
  }
  if (in.stack_yaml().find("memory") == std::string::npos) return {};
  return Answer("left", "/opt/strata/plugins/strata.hosting.memory", v1::Change::KIND_APPLY,
                v1::SWAP_MODE_TRANSFER, in.plan_only(), out);
}

strata::Status FakeCore::MoveHosting(Context&, const v1::MoveHostingRequest& in,
                                     v1::ChangeResponse* out) {
  const base::MutexLock lock(mutex_);
  return Answer(in.slot(), in.package(), v1::Change::KIND_MOVE, v1::SWAP_MODE_TRANSFER,
                in.plan_only(), out);
}

strata::Status FakeCore::EndChange(Context&, const v1::EndChangeRequest& in,
                                   v1::EndChangeResponse* out) {
  const base::MutexLock lock(mutex_);
  for (v1::Change& change : *changes_.mutable_changes()) {
    if (change.id() != in.id()) continue;
    if (!HasEnded(change)) {
      const bool switched = change.state() == v1::Change::STATE_PROBATION;
      change.set_state(switched ? v1::Change::STATE_DONE : v1::Change::STATE_FAILED);
      change.set_reason(switched ? "" : "stopped by the operator");
      change.set_finished_us(kNowUs + 5'000'000);
      Slot(change.slots(0).slot())->set_probation_until_us(0);
    }
    *out->mutable_change() = change;
    return {};
  }
  return NotFound("no change " + in.id());
}

strata::Status FakeCore::WatchChange(Context&, const v1::WatchChangeRequest& in,
                                     Writer<v1::Change>& out) {
  const base::MutexLock lock(mutex_);
  for (v1::Change& change : *changes_.mutable_changes()) {
    if (change.id() != in.id()) continue;
    static_cast<void>(out.Write(change));
    Advance(&change);
    return {};
  }
  return can_change ? NotFound("no change " + in.id()) : Unimplemented("no such RPC");
}

strata::Status FakeCore::ListChanges(Context&, const v1::ListChangesRequest& in,
                                     v1::ListChangesResponse* out) {
  const base::MutexLock lock(mutex_);
  if (!can_change) return Unimplemented("no such RPC");
  for (const v1::Change& change : changes_.changes()) {
    if (in.slot().empty() || change.slots(0).slot() == in.slot()) *out->add_changes() = change;
  }
  return {};
}

void FakeCore::Compare(v1::Trial* trial) {
  if (trial->canary_percent() > 0) {
    trial->mutable_candidate_calls()->set_calls(trial->candidate_calls().calls() + 40);
    trial->mutable_live_calls()->set_calls(trial->live_calls().calls() + 400);
    return;
  }
  trial->set_skipped(7);
  if (trial->methods().empty()) {
    for (const char* method : {"Read", "Search"}) {
      v1::TrialMethod* const row = trial->add_methods();
      row->set_method(std::string("/strata.data.v1.Data/") + method);
      row->mutable_live()->set_p50_us(300);
      row->mutable_live()->set_p99_us(2'000);
      row->mutable_candidate()->set_p50_us(410);
      row->mutable_candidate()->set_p99_us(1'700);
    }
    v1::TrialDifference* const difference = trial->mutable_methods(1)->add_differences();
    difference->set_path("entries[*].resource.meta.lastUpdated");
    difference->set_count(3);
    trial->mutable_methods(1)->set_different(3);
  }
  for (v1::TrialMethod& row : *trial->mutable_methods()) {
    row.set_same(row.same() + 400);
    row.set_compared(row.same() + row.different());
  }
}

strata::Status FakeCore::StartTrial(Context&, const v1::StartTrialRequest& in, v1::Trial* out) {
  const base::MutexLock lock(mutex_);
  if (!can_trial) return Unimplemented("no such RPC");
  const v1::Slot* const slot = Slot(in.slot());
  if (slot == nullptr) return NotFound("no slot " + in.slot());
  if (in.plan_only()) {
    *out->mutable_candidate() = OccupantOf(*slot);
    out->mutable_candidate()->set_version("0.2.0");
    out->mutable_plan()->add_warnings("it runs in the core's process");
    return {};
  }
  v1::Trial* const trial = trials_.add_trials();
  trial->set_id("trial-" + std::to_string(++last_id_));
  trial->set_slot(in.slot());
  *trial->mutable_live() = OccupantOf(*slot);
  *trial->mutable_candidate() = OccupantOf(*slot);
  trial->mutable_candidate()->set_version("0.2.0");
  trial->set_shadow_percent(in.shadow_percent());
  trial->set_canary_percent(in.canary_percent());
  trial->set_state(v1::Trial::STATE_RUNNING);
  trial->set_started_us(kNowUs);
  ++deeds;
  *out = *trial;
  return {};
}

strata::Status FakeCore::WatchTrial(Context&, const v1::WatchTrialRequest& in,
                                    Writer<v1::Trial>& out) {
  const base::MutexLock lock(mutex_);
  for (v1::Trial& trial : *trials_.mutable_trials()) {
    if (trial.id() != in.id()) continue;
    if (trial.state() == v1::Trial::STATE_RUNNING) Compare(&trial);
    static_cast<void>(out.Write(trial));
    return {};
  }
  return NotFound("no trial " + in.id());
}

strata::Status FakeCore::EndTrial(Context&, const v1::EndTrialRequest& in, v1::Trial* out) {
  const base::MutexLock lock(mutex_);
  for (v1::Trial& trial : *trials_.mutable_trials()) {
    if (trial.id() != in.id()) continue;
    trial.set_state(v1::Trial::STATE_ENDED);
    trial.set_ended_us(kNowUs + 60'000'000);
    *out = trial;
    return {};
  }
  return NotFound("no trial " + in.id());
}

strata::Status FakeCore::ListTrials(Context&, const v1::ListTrialsRequest&,
                                    v1::ListTrialsResponse* out) {
  const base::MutexLock lock(mutex_);
  if (!can_trial) return Unimplemented("no such RPC");
  *out = trials_;
  return {};
}

}  // namespace strata::testing
