#include "core/cli/status_text.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "core/cli/change_text.h"
#include "core/cli/table.h"
#include "strata/core/v1/core.pb.h"

namespace strata::cli {
namespace {

using core::v1::Health;
using core::v1::Slot;
using core::v1::StatusResponse;

template <typename... Args>
std::string Format(const char* format, Args... args) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

const Slot* Find(const StatusResponse* status, const std::string& name) {
  if (status == nullptr) return nullptr;
  for (const Slot& slot : status->slots()) {
    if (slot.name() == name) return &slot;
  }
  return nullptr;
}

std::string CallsText(const Slot& slot, const Slot* before, double seconds) {
  if (before == nullptr || seconds <= 0) return std::to_string(slot.calls().calls());
  const std::uint64_t then = before->calls().calls();
  const std::uint64_t more = slot.calls().calls() > then ? slot.calls().calls() - then : 0;
  return Format("%.0f/s", static_cast<double>(more) / seconds);
}

// "stored format 1, 2 waits for strata commit-format record"
std::string FormatText(const Slot& slot) {
  const auto& format = slot.format();
  std::string out = "stored format " + std::to_string(format.writes());
  if (format.on_disk() < format.writes()) {
    out += ", in part still " + std::to_string(format.on_disk());
  }
  if (format.writes() < format.newest()) {
    out +=
        ", " + std::to_string(format.newest()) + " waits for strata commit-format " + slot.name();
  }
  return out;
}

// What an operator should know of the slot beyond its row.
std::vector<std::string> Remarks(const Slot& slot) {
  std::vector<std::string> out;
  if (!slot.isolation().empty() && slot.isolation() != "in-process") {
    out.push_back(
        slot.isolation() + (slot.pid() != 0 ? " " + std::to_string(slot.pid()) : std::string()) +
        (slot.restarts() != 0 ? ", restarted " + std::to_string(slot.restarts()) + " times"
                              : std::string()));
  }
  if (!slot.health().reason().empty()) out.push_back(slot.health().reason());
  if (slot.probation_until_us() != 0) {
    out.push_back("on probation until " + ClockTime(slot.probation_until_us()));
  }
  if (slot.has_previous()) {
    out.push_back("before: " + slot.previous().plugin() + " " + slot.previous().version() +
                  " (strata rollback " + slot.name() + ")");
  }
  if (slot.has_format()) out.push_back(FormatText(slot));
  if (slot.differs_from_file()) out.push_back("not what the stack file says");
  return out;
}

}  // namespace

std::string HealthName(const Health& health) {
  switch (health.state()) {
    case Health::STATE_SERVING:
      return "serving";
    case Health::STATE_STARTING:
      return "starting";
    case Health::STATE_NOT_SERVING:
      return "not serving";
    default:
      return "unknown";
  }
}

std::string StatusText(const StatusResponse& status, const StatusResponse* before, double seconds) {
  std::string out =
      Format("stack %s, strata %s, generation %" PRIu64 ", %s\n", status.stack().c_str(),
             status.version().c_str(), status.generation(), status.ready() ? "ready" : "NOT READY");
  out += "http " + status.http_address() + "  grpc " + status.grpc_address() + "  operators " +
         status.admin_http_address() + "  pid " + std::to_string(status.pid()) + "\n\n";
  Table table({"SLOT", "LAYER", "PLUGIN", "VERSION", "HEALTH", "CALLS", "ERRORS", "P50", "P99"});
  std::string remarks;
  for (const Slot& slot : status.slots()) {
    const auto& calls = slot.calls();
    table.Add({slot.name(), slot.layer(), slot.plugin(), slot.version(), HealthName(slot.health()),
               CallsText(slot, Find(before, slot.name()), seconds), std::to_string(calls.errors()),
               FormatMicroseconds(calls.p50_us()), FormatMicroseconds(calls.p99_us())});
    for (const std::string& remark : Remarks(slot)) remarks += slot.name() + ": " + remark + "\n";
  }
  out += table.ToString();
  return remarks.empty() ? out : out + "\n" + remarks;
}

std::string StatusLine(const StatusResponse& status, const StatusResponse* before, double seconds) {
  std::string out = Format("generation %" PRIu64 " %s", status.generation(),
                           status.ready() ? "ready" : "NOT READY");
  for (const Slot& slot : status.slots()) {
    out += "  " + slot.name() + "=" + slot.version() + "," + HealthName(slot.health()) + "," +
           CallsText(slot, Find(before, slot.name()), seconds);
  }
  return out;
}

}  // namespace strata::cli
