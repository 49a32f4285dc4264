#include "core/move/hosting_transfer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/host/stack_state.h"
#include "core/move/slot_host.h"
#include "storage/replica/mover.h"
#include "strata/core/v1/core.pb.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::move {
namespace {

using host::SlotStats;
using storage::replica::MoveOptions;
using storage::replica::MoveProgress;
using storage::replica::Mover;

constexpr auto kCopyTime = std::chrono::hours(24 * 30);
constexpr auto kFinishTime = std::chrono::seconds(30);
// The p99 is of this time, or of the calls before when there were fewer than these.
constexpr auto kWindow = std::chrono::milliseconds(500);
constexpr std::uint64_t kLeastCalls = 50;
constexpr std::string_view kService = "/strata.hosting.v1.Hosting/Describe";

// The worst 99th percentile of the slots that are built on a slot, of late. Single-threaded.
class LiveLatency {
 public:
  LiveLatency(const host::Layout& layout, const std::string& slot) {
    for (const host::Slot& other : layout.slots) {
      const bool built_on =
          std::any_of(other.grants.begin(), other.grants.end(),
                      [&](const host::Grant& grant) { return grant.slot == slot; });
      if (built_on) watched_.push_back({other.stats, other.stats->Mark(), 0});
    }
  }

  // Microseconds; 0: nobody calls.
  double P99() {
    const auto now = std::chrono::steady_clock::now();
    if (now - read_ >= kWindow) {
      read_ = now;
      for (Watched& watched : watched_) watched.Read();
    }
    double worst = 0;
    for (const Watched& watched : watched_) worst = std::max(worst, watched.p99_us);
    return worst;
  }

 private:
  struct Watched {
    std::shared_ptr<SlotStats> stats;  // shared: with the slot.
    std::shared_ptr<const SlotStats::StatsMark> before;
    double p99_us;

    void Read() {
      auto now = stats->Mark();
      const SlotStats::StatsMark recent = now->Since(*before);
      if (recent.latency.count < kLeastCalls) return;
      p99_us = recent.latency.Quantile(0.99) * 1e6;
      before = std::move(now);
    }
  };

  std::vector<Watched> watched_;
  std::chrono::steady_clock::time_point read_{};
};

core::v1::Progress ToProto(const MoveProgress& progress) {
  core::v1::Progress out;
  out.set_rows(progress.rows);
  out.set_rows_total(progress.rows_total);
  out.set_bytes(progress.bytes);
  out.set_bytes_total(progress.bytes_total);
  out.set_rows_per_second(progress.rows_per_second);
  out.set_seconds_left(progress.seconds_left);
  out.set_lag(progress.lag);
  return out;
}

class HostingTransfer final : public host::Transfer {
 public:
  HostingTransfer(host::StackState& state, const host::Slot& now, const host::Slot& next)
      : state_(state),
        slot_(now.config.name),
        host_(state),
        latency_(*state.layout(), now.config.name) {
    host_.Add("source", now.instance);
    host_.Add("target", next.instance);
    source_ = std::make_unique<hosting::v1::HostingClient>(host_.host(), "source");
    target_ = std::make_unique<hosting::v1::HostingClient>(host_.host(), "target");
  }

  Status Copy(const Report& report) override {
    MoveOptions options;
    options.pace.live_p99_us = [this] { return latency_.P99(); };
    options.report = [this](const MoveProgress& progress) {
      return report_ == nullptr || (*report_)(ToProto(progress));
    };
    mover_ = std::make_unique<Mover>(storage::replica::Stores{source_.get(), target_.get()},
                                     std::move(options));
    report_ = &report;
    const Status copied = mover_->Copy(Context::Background(kCopyTime));
    report_ = nullptr;
    return copied;
  }

  Status Finish() override {
    STRATA_RETURN_IF_ERROR(mover_->Finish(Context::Background(kFinishTime)));
    state_.log.Info("move.compared", {{"slot", slot_},
                                      {"rows", mover_->target().rows()},
                                      {"version", mover_->version()},
                                      {"digest", mover_->target().ToString()}});
    return OkStatus();
  }

 private:
  host::StackState& state_;
  const std::string slot_;
  SlotHost host_;
  LiveLatency latency_;
  std::unique_ptr<hosting::v1::HostingClient> source_;
  std::unique_ptr<hosting::v1::HostingClient> target_;
  std::unique_ptr<Mover> mover_;
  const Report* report_ = nullptr;  // During Copy.
};

}  // namespace

host::MakeTransfer HostingTransfers() {
  return [](host::StackState& state, const host::Slot& now,
            const host::Slot& next) -> Result<std::unique_ptr<host::Transfer>> {
    if (now.instance->MethodIndex(kService) < 0 || next.instance->MethodIndex(kService) < 0) {
      return Unimplemented("only the records of hosting plugins can be copied");
    }
    return std::unique_ptr<host::Transfer>(std::make_unique<HostingTransfer>(state, now, next));
  };
}

}  // namespace strata::move
