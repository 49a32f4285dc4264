#include <unistd.h>

#include <fstream>

#include "core/base/version.h"
#include "core/host/change/kept.h"
#include "core/host/isolation.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

SlotReport ReportSlot(const Slot& slot) {
  SlotReport out;
  out.name = slot.config.name;
  out.package_dir = slot.package_dir;
  out.digest = slot.digest;
  out.optional = slot.config.optional;
  out.state = StateName(slot.failure.empty() ? slot.state() : State::kFailed);
  if (slot.state() == State::kZombie) out.state = StateName(State::kZombie);
  out.plugin = slot.config.plugin;
  if (slot.manifest) {
    out.plugin = slot.manifest->id;
    out.version = slot.manifest->version;
    out.layer = slot.manifest->layer;
    out.provides = slot.manifest->provides;
    out.formats = slot.manifest->formats;
    out.format = slot.format;
  }
  out.probation_until_us = slot.probation_until_us;
  if (slot.previous != nullptr && slot.previous->manifest) {
    out.previous_plugin = slot.previous->manifest->id;
    out.previous_version = slot.previous->manifest->version;
    out.previous_digest = slot.previous->digest;
    out.previous_package = slot.previous->package_dir;
    out.previous_isolation = ModeName(slot.previous->config.run.mode);
  }
  for (const Grant& grant : slot.grants) {
    out.bindings.push_back({grant.binding, grant.service, grant.slot});
  }
  out.isolation = ModeName(slot.config.run.mode);
  out.reason = slot.failure;
  if (slot.running()) {
    const Health health = slot.instance->health();
    out.serving = health.state == HealthState::kServing;
    out.starting = health.state == HealthState::kStarting;
    out.reason = health.reason;
  }
  const SlotStats::Snapshot calls = slot.stats->Read();
  out.calls = calls.ended;
  out.errors = calls.failed;
  out.in_flight = calls.in_flight();
  const auto latency = slot.stats->Latency();
  out.p50_us = latency.Quantile(0.5) * 1e6;
  out.p99_us = latency.Quantile(0.99) * 1e6;
  return out;
}

bool DiffersFromFile(const StackState& state, const SlotConfig& config) {
  for (const SlotConfig& slot : state.config.file_slots) {
    if (slot.name == config.name) return EntryJson(slot) != EntryJson(config);
  }
  return true;
}

// Of a slot that runs outside of this process.
void AddOutside(const StackState& state, const Slot& slot, SlotReport* out) {
  const bool outside = slot.config.run.mode != RunConfig::Mode::kInProcess;
  if (!outside || !slot.running() || state.options.isolation == nullptr) return;
  const OutsideReport report = slot.instance->ReportOutside(*state.options.isolation);
  out->pid = report.pid;
  out->restarts = report.restarts;
}

double ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  double total = 0;
  double resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

base::Labels SlotLabels(const Slot& slot) { return {{"slot", slot.config.name}}; }

void WriteSlots(const Layout& layout, base::MetricsWriter& out) {
  using base::MetricType;
  out.Family("strata_slot_up", MetricType::kGauge, "1 while the slot serves.");
  for (const Slot& slot : layout.slots) {
    const SlotReport report = ReportSlot(slot);
    out.Sample({{"slot", report.name}, {"plugin", report.plugin}, {"version", report.version}},
               report.serving ? 1 : 0);
  }
  out.Family("strata_slot_calls_total", MetricType::kCounter,
             "Calls that the slot has answered, by gRPC status code.");
  for (const Slot& slot : layout.slots) {
    const SlotStats::Snapshot calls = slot.stats->Read();
    for (std::size_t code = 0; code < SlotStats::kCodes; ++code) {
      if (calls.by_code[code] == 0 && code != 0) continue;
      out.Sample(
          {{"slot", slot.config.name}, {"code", std::string(CodeName(static_cast<Code>(code)))}},
          static_cast<double>(calls.by_code[code]));
    }
  }
  out.Family("strata_slot_calls_in_flight", MetricType::kGauge, "Calls that the slot serves now.");
  for (const Slot& slot : layout.slots) {
    out.Sample(SlotLabels(slot), static_cast<double>(slot.stats->Read().in_flight()));
  }
  out.Family("strata_slot_call_seconds", MetricType::kHistogram,
             "Time that calls took in the slot and in what it called.");
  for (const Slot& slot : layout.slots) out.Samples(SlotLabels(slot), slot.stats->Latency());
}

}  // namespace

StackReport MakeReport(const StackState& state) {
  StackReport out;
  out.name = state.config.name;
  out.generation = state.table.current();
  out.started_us = state.started_us;
  std::string why;
  out.ready = IsReady(state, &why);
  {
    const base::MutexLock lock(state.address_mutex);
    out.http_address = state.http_address;
    out.grpc_address = state.grpc_address;
    out.admin_http_address = state.admin_http_address;
  }
  const std::shared_ptr<const Layout> layout = state.layout();
  for (const Slot& slot : layout->slots) {
    out.slots.push_back(ReportSlot(slot));
    out.slots.back().differs_from_file = DiffersFromFile(state, slot.config);
    AddOutside(state, slot, &out.slots.back());
  }
  return out;
}

bool IsReady(const StackState& state, std::string* why) {
  if (!state.table.ingress_open()) {
    *why = state.stopping.load() ? "the stack is stopping" : "the stack is starting";
    return false;
  }
  const std::shared_ptr<const Layout> layout = state.layout();
  for (const Slot& slot : layout->slots) {
    if (slot.config.optional) continue;
    const SlotReport report = ReportSlot(slot);
    if (report.serving) continue;
    *why = "slot " + report.name + " is " + report.state;
    if (!report.reason.empty()) *why += ": " + report.reason;
    return false;
  }
  return true;
}

std::string MakeMetricsText(const StackState& state) {
  const std::shared_ptr<const Layout> layout = state.layout();
  return state.metrics.Text([&](base::MetricsWriter& out) {
    using base::MetricType;
    out.Family("strata_build_info", MetricType::kGauge, "Version of the core.");
    out.Sample({{"version", kVersion}}, 1);
    out.Family("strata_generation", MetricType::kGauge, "Number of the current route table.");
    out.Sample({}, static_cast<double>(state.table.current()));
    out.Family("strata_requests_in_flight", MetricType::kGauge, "Requests from outside, now.");
    out.Sample({}, static_cast<double>(state.requests.load()));
    out.Family("strata_start_time_seconds", MetricType::kGauge, "Start of the stack, Unix time.");
    out.Sample({}, static_cast<double>(state.started_us) / 1e6);
    out.Family("process_resident_memory_bytes", MetricType::kGauge, "Resident memory.");
    out.Sample({}, ResidentBytes());
    WriteSlots(*layout, out);
  });
}

}  // namespace strata::host
