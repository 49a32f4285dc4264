#include "core/move/hosting_transfer.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/host/stack_state.h"
#include "core/move/live_latency.h"
#include "core/move/slot_host.h"
#include "storage/replica/mover.h"
#include "strata/core/v1/core.pb.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::move {
namespace {

using storage::replica::MoveOptions;
using storage::replica::MoveProgress;
using storage::replica::Mover;

constexpr auto kCopyTime = std::chrono::hours(24 * 30);
constexpr auto kFinishTime = std::chrono::seconds(30);
// A side that has crashed: how long it is waited for, how often without any progress between.
constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kDescribeTime = std::chrono::seconds(5);
constexpr auto kAskAgain = std::chrono::milliseconds(50);
constexpr int kMostFailures = 5;
constexpr std::string_view kService = "/strata.hosting.v1.Hosting/Describe";

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
    if (latency_.watches()) options.pace.live_p99_us = [this] { return latency_.P99(); };
    options.report = [this](const MoveProgress& progress) {
      shown_ = ToProto(progress);
      if (std::exchange(begins_, false)) {
        state_.log.Info("move.copying",
                        {{"slot", slot_}, {"rows_already", progress.rows_at_start}});
      }
      return report_ == nullptr || (*report_)(shown_);
    };
    mover_ = std::make_unique<Mover>(storage::replica::Stores{source_.get(), target_.get()},
                                     std::move(options));
    report_ = &report;
    const Status copied = CopyThrough(report);
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
  // A side that crashed is waited for: it is started again, and the copy goes on where it was.
  Status CopyThrough(const Report& report) {
    std::uint64_t rows = 0;
    for (int failures = 0;; ++failures) {
      begins_ = true;
      const Status copied = mover_->Copy(Context::Background(kCopyTime));
      if (copied.code() != Code::kUnavailable) return copied;
      if (mover_->progress().rows > std::exchange(rows, mover_->progress().rows)) failures = 0;
      if (failures == kMostFailures || !AwaitBoth(report)) return copied;
      state_.log.Warning("move.resumed", {{"slot", slot_}, {"reason", copied.message()}});
    }
  }

  // Until both sides answer again; false: they do not, or the change is to end.
  bool AwaitBoth(const Report& report) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until && report(shown_)) {
      const Context context = Context::Background(kDescribeTime);
      hosting::v1::DescribeResponse described;
      if (source_->Describe(context, {}, &described).ok() &&
          target_->Describe(context, {}, &described).ok()) {
        return true;
      }
      std::this_thread::sleep_for(kAskAgain);
    }
    return false;
  }

  host::StackState& state_;
  const std::string slot_;
  SlotHost host_;
  LiveLatency latency_;
  std::unique_ptr<hosting::v1::HostingClient> source_;
  std::unique_ptr<hosting::v1::HostingClient> target_;
  std::unique_ptr<Mover> mover_;
  const Report* report_ = nullptr;  // During Copy.
  core::v1::Progress shown_;
  bool begins_ = false;
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
