#include "core/move/transfers.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/host/layout.h"
#include "core/host/stack_state.h"
#include "core/move/data_mover.h"
#include "core/move/live_latency.h"
#include "core/move/patience.h"
#include "core/move/progress.h"
#include "core/move/slot_host.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::move {
namespace {

using storage::replica::MoveOptions;
using storage::replica::MoveProgress;

constexpr auto kCopyTime = std::chrono::hours(24 * 30);
constexpr std::chrono::milliseconds kLeast{1};  // 0 were no deadline.
constexpr auto kDescribeTime = std::chrono::seconds(5);

// What differs between the layers whose records can be copied: the client of a side, who copies,
// and what is said of the result.
struct HostingLayer {
  using Client = hosting::v1::HostingClient;
  using Description = hosting::v1::DescribeResponse;
  using Mover = storage::replica::Mover;
  using Options = MoveOptions;
  static constexpr std::string_view kDescribe = "/strata.hosting.v1.Hosting/Describe";

  static void Tune(const host::StackState& /*state*/, const std::string& /*slot*/,
                   Options* /*options*/) {}
  static void Tell(base::Log& log, const std::string& slot, const Mover& mover) {
    log.Info("move.compared", {{"slot", slot},
                               {"rows", mover.target().rows()},
                               {"version", mover.version()},
                               {"digest", mover.target().ToString()}});
  }
};

struct DataLayer {
  using Client = data::v1::DataClient;
  using Description = data::v1::DescribeResponse;
  using Mover = DataMover;
  using Options = DataMover::Options;
  static constexpr std::string_view kDescribe = "/strata.data.v1.Data/Describe";

  static void Tune(const host::StackState& state, const std::string& slot, Options* options) {
    options->note_file = state.DataDir() + "/changes/copy-" + slot + ".json";
  }
  static void Tell(base::Log& log, const std::string& slot, const Mover& mover) {
    log.Info("move.compared", {{"slot", slot},
                               {"rows", mover.target().count()},
                               {"versions", mover.versions()},
                               {"digest", mover.target().ToString()}});
  }
};

// From one plugin to another of its layer. A side that crashes is waited for.
template <typename Layer>
class LayerTransfer final : public host::Transfer {
 public:
  LayerTransfer(host::StackState& state, const host::Slot& now, const host::Slot& next)
      : state_(state),
        slot_(now.config.name),
        host_(state),
        latency_(*state.layout(), now.config.name) {
    host_.Add("source", now.instance);
    host_.Add("target", next.instance);
    source_ = std::make_unique<typename Layer::Client>(host_.host(), "source");
    target_ = std::make_unique<typename Layer::Client>(host_.host(), "target");
    typename Layer::Options options;
    Layer::Tune(state, slot_, &options);
    if (latency_.watches()) options.pace.live_p99_us = [this] { return latency_.P99(); };
    options.report = [this](const MoveProgress& progress) { return Told(progress); };
    mover_.reset(new typename Layer::Mover({source_.get(), target_.get()}, std::move(options)));
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

  Status Finish(std::chrono::steady_clock::time_point deadline) override {
    const auto left = deadline - std::chrono::steady_clock::now();
    STRATA_RETURN_IF_ERROR(mover_->Finish(Context::Background(
        std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), kLeast))));
    Layer::Tell(state_.log, slot_, *mover_);
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
    typename Layer::Description described;
    return source_->Describe(context, {}, &described).ok() &&
           target_->Describe(context, {}, &described).ok();
  }

  host::StackState& state_;
  const std::string slot_;
  SlotHost host_;
  LiveLatency latency_;
  std::unique_ptr<typename Layer::Client> source_;
  std::unique_ptr<typename Layer::Client> target_;
  std::unique_ptr<typename Layer::Mover> mover_;
  const Report* report_ = nullptr;  // During Copy.
  bool begins_ = false;
};

// Null where not both are plugins of that layer.
template <typename Layer>
std::unique_ptr<host::Transfer> Within(host::StackState& state, const host::Slot& now,
                                       const host::Slot& next) {
  if (now.instance->MethodIndex(Layer::kDescribe) < 0) return nullptr;
  if (next.instance->MethodIndex(Layer::kDescribe) < 0) return nullptr;
  return std::make_unique<LayerTransfer<Layer>>(state, now, next);
}

}  // namespace

host::MakeTransfer Transfers() {
  return [](host::StackState& state, const host::Slot& now,
            const host::Slot& next) -> Result<std::unique_ptr<host::Transfer>> {
    std::unique_ptr<host::Transfer> transfer = Within<HostingLayer>(state, now, next);
    if (transfer == nullptr) transfer = Within<DataLayer>(state, now, next);
    if (transfer != nullptr) return transfer;
    return Unimplemented("only the records of hosting and of data plugins can be copied");
  };
}

}  // namespace strata::move
