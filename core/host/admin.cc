#include <strata/cancel.h>
#include <strata/plugin_table.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "core/base/version.h"
#include "core/host/change/changes.h"
#include "core/host/change/plan.h"
#include "core/host/change/requests.h"
#include "core/host/package.h"
#include "core/host/stack_state.h"
#include "strata/common/v1/common.pb.h"
#include "strata/core/v1/core.strata.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;

void FillSlot(const SlotReport& from, v1::Slot* to) {
  to->set_name(from.name);
  to->set_layer(from.layer);
  to->set_plugin(from.plugin);
  to->set_version(from.version);
  to->set_package(from.package_dir);
  to->set_digest(from.digest);
  to->set_state(from.state);
  to->set_optional(from.optional);
  to->set_differs_from_file(from.differs_from_file);
  to->set_probation_until_us(from.probation_until_us);
  if (!from.previous_plugin.empty()) {
    to->mutable_previous()->set_plugin(from.previous_plugin);
    to->mutable_previous()->set_version(from.previous_version);
    to->mutable_previous()->set_digest(from.previous_digest);
    to->mutable_previous()->set_package(from.previous_package);
    to->mutable_previous()->set_isolation(from.previous_isolation);
  }
  to->set_isolation(from.isolation);
  to->set_pid(from.pid);
  to->set_restarts(from.restarts);
  to->mutable_health()->set_state(from.serving    ? v1::Health::STATE_SERVING
                                  : from.starting ? v1::Health::STATE_STARTING
                                                  : v1::Health::STATE_NOT_SERVING);
  to->mutable_health()->set_reason(from.reason);
  for (const auto& binding : from.bindings) {
    v1::Binding* const out = to->add_bindings();
    out->set_name(binding.name);
    out->set_service(binding.service);
    out->set_slot(binding.slot);
  }
  for (const std::string& service : from.provides) to->add_provides(service);
  if (from.format.known()) FillFormat(from.format, from.formats, to->mutable_format());
  to->mutable_calls()->set_calls(from.calls);
  to->mutable_calls()->set_errors(from.errors);
  to->mutable_calls()->set_in_flight(from.in_flight);
  to->mutable_calls()->set_p50_us(from.p50_us);
  to->mutable_calls()->set_p99_us(from.p99_us);
}

// How often a stream looks whether somebody still watches.
constexpr std::chrono::milliseconds kLook{200};
constexpr std::size_t kMostChanges = 1000;

// Who asks, for the record of changes.
std::string WhoOf(const Context& cx) {
  common::v1::AuthContext auth;
  const std::string_view bytes = cx.Auth();
  if (!auth.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return "unknown";
  if (!auth.subject().empty()) return auth.subject();
  return auth.assurance() == common::v1::AuthContext::ASSURANCE_LOCAL ? "operator" : "unknown";
}

template <typename Request>
Changes::Order MoveOrder(const Context& cx, const Request& request) {
  Changes::Order order;
  order.kind = v1::Change::KIND_MOVE;
  order.who = WhoOf(cx);
  order.request_id = request.request_id();
  order.plan_only = request.plan_only();
  return order;
}

template <typename T>
Status Take(Result<T> result, T* response) {
  if (!result.ok()) return result.status();
  *response = *std::move(result);
  return OkStatus();
}

// Lets a stream wait as long as its caller does.
class Waiter {
 public:
  explicit Waiter(const Context& cx)
      : wake_(cx,
              [this] {
                { const base::MutexLock lock(mutex_); }
                changed_.NotifyAll();
              }),
        cx_(cx) {}

  // False: nobody waits any more. Ends early when `news` is true.
  bool Sleep(std::chrono::milliseconds time, const std::function<bool()>& news) {
    const auto until = std::chrono::steady_clock::now() + time;
    const base::MutexLock lock(mutex_);
    while (!cx_.Cancelled()) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= until || news()) return true;
      changed_.WaitUntil(mutex_, std::min(until, now + kLook));
    }
    return false;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  CancelCallback<std::function<void()>> wake_;
  const Context& cx_;
};

// strata.core.v1.Core, served like any plugin's service in the slot "core".
class Admin final : public v1::CoreService {
 public:
  Admin(Host, std::string_view) {}
  explicit Admin(StackState& state) : state_(&state) {}

  strata::Status Status(Context&, const v1::StatusRequest&, v1::StatusResponse* response) override {
    FillStatus(response);
    return OkStatus();
  }

  strata::Status WatchStatus(Context& cx, const v1::WatchStatusRequest& request,
                             Writer<v1::StatusResponse>& writer) override {
    const std::uint32_t interval_ms = request.interval_ms() == 0 ? 1000 : request.interval_ms();
    if (interval_ms < 100) return InvalidArgument("interval_ms: at least 100");
    Waiter waiter(cx);
    v1::StatusResponse response;
    do {
      response.Clear();
      FillStatus(&response);
      if (!writer.Write(response)) return Cancelled("nobody watches any more");
    } while (waiter.Sleep(std::chrono::milliseconds(interval_ms),
                          [&, seen = state_->layout()] { return state_->layout() != seen; }));
    return Cancelled("nobody watches any more");
  }

  strata::Status Swap(Context& cx, const v1::SwapRequest& request,
                      v1::ChangeResponse* response) override {
    return Take(state_->changes->Swap(request, WhoOf(cx)), response);
  }

  strata::Status Apply(Context& cx, const v1::ApplyRequest& request,
                       v1::ChangeResponse* response) override {
    return Take(state_->changes->Apply(request, WhoOf(cx)), response);
  }

  strata::Status Rollback(Context& cx, const v1::RollbackRequest& request,
                          v1::ChangeResponse* response) override {
    return Take(state_->changes->Rollback(request, WhoOf(cx)), response);
  }

  strata::Status CommitFormat(Context& cx, const v1::CommitFormatRequest& request,
                              v1::ChangeResponse* response) override {
    return Take(state_->changes->CommitFormat(request, WhoOf(cx)), response);
  }

  strata::Status MoveHosting(Context& cx, const v1::MoveHostingRequest& request,
                             v1::ChangeResponse* response) override {
    const Changes::Order order = MoveOrder(cx, request);
    return Take(
        state_->changes->Begin(
            order, [&](const Layout& layout) { return WantedByMove(*state_, layout, request); }),
        response);
  }

  strata::Status MoveData(Context& cx, const v1::MoveDataRequest& request,
                          v1::ChangeResponse* response) override {
    const Changes::Order order = MoveOrder(cx, request);
    return Take(state_->changes->Begin(order,
                                       [&](const Layout& layout) {
                                         return WantedByMoveData(*state_, layout, request);
                                       }),
                response);
  }

  strata::Status EndChange(Context&, const v1::EndChangeRequest& request,
                           v1::EndChangeResponse* response) override {
    return Take(state_->changes->End(request.id()), response->mutable_change());
  }

  strata::Status WatchChange(Context& cx, const v1::WatchChangeRequest& request,
                             Writer<v1::Change>& writer) override {
    std::uint64_t seen = 0;
    std::uint64_t written = 0;
    while (!cx.Cancelled()) {
      const auto soon = std::chrono::steady_clock::now() + kLook;
      STRATA_ASSIGN_OR_RETURN(const v1::Change change,
                              state_->changes->history().Next(request.id(), &seen, soon));
      if (seen == written) continue;
      written = seen;
      if (!writer.Write(change)) break;
      if (ChangeHistory::Ended(change)) return OkStatus();
    }
    return Cancelled("nobody watches any more");
  }

  strata::Status ListChanges(Context&, const v1::ListChangesRequest& request,
                             v1::ListChangesResponse* response) override {
    if (!request.slot().empty()) {
      STRATA_RETURN_IF_ERROR(FindSlot(*state_->layout(), request.slot()).status());
    }
    const std::size_t limit = request.limit() == 0 ? 50 : request.limit();
    for (v1::Change& change : state_->changes->history().List(
             request.slot(), std::min<std::size_t>(limit, kMostChanges))) {
      *response->add_changes() = std::move(change);
    }
    return OkStatus();
  }

  strata::Status StartTrial(Context&, const v1::StartTrialRequest& request,
                            v1::Trial* response) override {
    STRATA_ASSIGN_OR_RETURN(Trials* const trials, FindTrials());
    return trials->Start(request, response);
  }

  strata::Status WatchTrial(Context& cx, const v1::WatchTrialRequest& request,
                            Writer<v1::Trial>& writer) override {
    STRATA_ASSIGN_OR_RETURN(Trials* const trials, FindTrials());
    const std::uint32_t interval_ms = request.interval_ms() == 0 ? 1000 : request.interval_ms();
    if (interval_ms < 100) return InvalidArgument("interval_ms: at least 100");
    v1::Trial trial;
    STRATA_RETURN_IF_ERROR(trials->Get(request.id(), &trial));
    while (writer.Write(trial)) {
      if (trial.ended_us() != 0) return OkStatus();
      if (cx.Cancelled()) break;
      trial.Clear();
      STRATA_RETURN_IF_ERROR(trials->Wait(
          request.id(), std::chrono::steady_clock::now() + std::chrono::milliseconds(interval_ms),
          [&cx] { return cx.Cancelled(); }, &trial));
    }
    return Cancelled("nobody watches any more");
  }

  strata::Status EndTrial(Context&, const v1::EndTrialRequest& request,
                          v1::Trial* response) override {
    STRATA_ASSIGN_OR_RETURN(Trials* const trials, FindTrials());
    return trials->End(request.id(), response);
  }

  strata::Status ListTrials(Context&, const v1::ListTrialsRequest&,
                            v1::ListTrialsResponse* response) override {
    STRATA_ASSIGN_OR_RETURN(Trials* const trials, FindTrials());
    trials->List(response);
    return OkStatus();
  }

  strata::Status ListPlugins(Context& cx, const v1::ListPluginsRequest&,
                             v1::ListPluginsResponse* response) override {
    std::vector<std::string> folders = state_->packages.List();
    const std::shared_ptr<const Layout> layout = state_->layout();
    for (const Slot& slot : layout->slots) {
      if (slot.package_dir.empty()) continue;
      if (std::find(folders.begin(), folders.end(), slot.package_dir) == folders.end()) {
        folders.push_back(slot.package_dir);
      }
    }
    for (const std::string& folder : folders) {
      if (cx.Cancelled()) return Cancelled("nobody waits for the list");
      ListOne(*layout, folder, response->add_packages());
    }
    return OkStatus();
  }

 private:
  Result<Trials*> FindTrials() const {
    if (state_->trials == nullptr) return Unimplemented("this stack has no trials");
    return state_->trials.get();
  }

  static void ListOne(const Layout& layout, const std::string& folder, v1::Package* to) {
    to->set_path(folder);
    auto package = OpenPackage(folder);
    if (package.ok()) to->set_path(package->dir);
    if (!package.ok()) to->set_problem(package.status().message());
    const auto manifest = package.ok() ? std::move(package->manifest) : ReadManifest(folder);
    if (!manifest.ok()) return;
    to->set_plugin(manifest->id);
    to->set_version(manifest->version);
    to->set_layer(manifest->layer);
    to->set_description(manifest->description.empty() ? manifest->title : manifest->description);
    for (const Slot& slot : layout.slots) {
      if (slot.package_dir == to->path()) to->add_slots(slot.config.name);
    }
  }

  void FillStatus(v1::StatusResponse* response) const {
    const StackReport report = MakeReport(*state_);
    response->set_stack(report.name);
    response->set_version(kVersion);
    response->set_generation(report.generation);
    response->set_started_us(report.started_us);
    response->set_ready(report.ready);
    response->set_http_address(report.http_address);
    response->set_grpc_address(report.grpc_address);
    response->set_admin_http_address(report.admin_http_address);
    response->set_pid(::getpid());
    for (const SlotReport& slot : report.slots) FillSlot(slot, response->add_slots());
  }

  StackState* state_ = nullptr;
};

}  // namespace

std::shared_ptr<Instance> MakeCoreInstance(StackState& state) {
  InstanceSpec spec;
  spec.slot = "core";
  spec.plugin = {std::shared_ptr<const void>(),
                 sdk::PluginTable<Admin, v1::CoreService>::Get({"strata.core", kVersion, "core"})};
  spec.adopted = std::make_unique<Admin>(state).release();  // Its vtable's destroy deletes it.
  spec.stats = std::make_shared<SlotStats>();
  return std::make_shared<Instance>(std::move(spec), state.services);
}

}  // namespace strata::host
