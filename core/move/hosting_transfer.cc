#include "core/move/hosting_transfer.h"

#include <chrono>
#include <string>
#include <utility>

#include "core/host/stack_state.h"
#include "core/move/live_latency.h"
#include "core/move/patience.h"
#include "core/move/progress.h"
#include "core/move/slot_host.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::move {
namespace {

using storage::replica::MoveOptions;
using storage::replica::MoveProgress;
using storage::replica::Mover;

constexpr auto kCopyTime = std::chrono::hours(24 * 30);
constexpr auto kFinishTime = std::chrono::seconds(30);
constexpr auto kDescribeTime = std::chrono::seconds(5);

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
    MoveOptions options;
    if (latency_.watches()) options.pace.live_p99_us = [this] { return latency_.P99(); };
    options.report = [this](const MoveProgress& progress) { return Told(progress); };
    mover_ = std::make_unique<Mover>(storage::replica::Stores{source_.get(), target_.get()},
                                     std::move(options));
  }

  Status Copy(const Report& report) override {
    report_ = &report;
    Patience patience;
    patience.copy = [this] {
      begins_ = true;
      return mover_->Copy(Context::Background(kCopyTime));
    };
    patience.progress = [this] { return mover_->progress().rows; };
    patience.answers = [this] { return Answers(); };
    patience.go_on = [this] { return (*report_)(ToProto(mover_->progress())); };
    patience.resumed = [this](const Status& why) {
      state_.log.Warning("move.resumed", {{"slot", slot_}, {"reason", why.message()}});
    };
    Status copied = CopyWithPatience(patience);
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
  bool Told(const MoveProgress& progress) {
    if (std::exchange(begins_, false)) {
      state_.log.Info("move.copying", {{"slot", slot_}, {"rows_already", progress.rows_at_start}});
    }
    return report_ == nullptr || (*report_)(ToProto(progress));
  }

  bool Answers() const {
    const Context context = Context::Background(kDescribeTime);
    hosting::v1::DescribeResponse described;
    return source_->Describe(context, {}, &described).ok() &&
           target_->Describe(context, {}, &described).ok();
  }

  host::StackState& state_;
  const std::string slot_;
  SlotHost host_;
  LiveLatency latency_;
  std::unique_ptr<hosting::v1::HostingClient> source_;
  std::unique_ptr<hosting::v1::HostingClient> target_;
  std::unique_ptr<Mover> mover_;
  const Report* report_ = nullptr;  // During Copy.
  bool begins_ = false;
};

}  // namespace

std::unique_ptr<host::Transfer> MakeHostingTransfer(host::StackState& state, const host::Slot& now,
                                                    const host::Slot& next) {
  return std::make_unique<HostingTransfer>(state, now, next);
}

}  // namespace strata::move
