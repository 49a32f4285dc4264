#include "core/host/stack.h"

#include <pthread.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "core/base/version.h"
#include "core/host/canary.h"
#include "core/host/change/changes.h"
#include "core/host/change/kept.h"
#include "core/host/stack_state.h"

// The contracts' FileDescriptorSet (core/host/CMakeLists.txt).
extern "C" const char strata_contracts_protoset[];
extern "C" const char strata_contracts_protoset_end[];

namespace strata::host {
namespace {

constexpr std::chrono::seconds kHealthTimeout{2};

// Absolute; a relative `data` counts from the stack file's folder.
std::string DataDirOf(const StackConfig& config) {
  return std::filesystem::absolute(std::filesystem::path(config.base_dir) / config.data).string();
}

// Counts a request from outside until it is destroyed.
class Admission {
 public:
  explicit Admission(StackState& state) : state_(&state) {}
  Admission(Admission&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Admission& operator=(Admission&&) = delete;
  ~Admission() {
    if (state_ == nullptr) return;
    if (state_->requests.fetch_sub(1) == 1 && state_->stopping.load()) {
      { const base::MutexLock lock(state_->stop_mutex); }
      state_->request_ended.NotifyAll();
    }
  }

 private:
  StackState* state_;
};

class RequestPin final : public Pin {
 public:
  RequestPin(StackState& state, Audience audience, Admission admission, RouteTable::Ticket ticket)
      : state_(state),
        audience_(audience),
        admission_(std::move(admission)),
        request_(state.table, state.hub, ticket) {}

  std::uint64_t generation() const override { return request_.generation().id(); }
  const HttpRoute* MatchHttp(std::string_view path) const override {
    return routes().Site(audience_).Match(path);
  }
  const std::vector<MenuItem>& Menu() const override { return routes().Site(audience_).menu; }
  Result<Target> FindMethod(std::string_view slot, std::string_view full_method) const override {
    return routes().Find(slot, full_method);
  }
  strata_code Call(const Target& target, strata_call* call) override {
    return state_.router.CallFromIngress(request_, target, call);
  }

 private:
  const Routes& routes() const { return request_.generation().routes(); }

  StackState& state_;
  const Audience audience_;
  const Admission admission_;  // Given back after the generation.
  Request request_;
};

// What changes made of the stack under an earlier run of the core; the formats, by slot, that they
// did not get to record.
std::map<std::string, StoredFormat> RestoreChanges(const StackOptions& options, base::Log& log,
                                                   StackConfig* config) {
  KeptChanges kept(DataDirOf(*config) + "/changes", log);
  if (options.as_file) kept.Clear();
  kept.Restore(config);
  if (options.as_file) static_cast<void>(kept.Save());
  return kept.Formats();
}

// Asks one plugin; one that does not answer in time is not asked again.
void AskHealth(const std::shared_ptr<StackState>& state, const std::string& slot,
               const std::shared_ptr<Instance>& instance,
               std::set<std::shared_ptr<Instance>>* silent) {
  if (silent->count(instance) != 0) return;
  const Health before = instance->health();
  const auto deadline = std::chrono::steady_clock::now() + kHealthTimeout;
  if (!RunUntil(deadline, [instance, state] { instance->PollHealth(); })) {
    silent->insert(instance);
    instance->PushHealth(STRATA_DEADLINE_EXCEEDED, "health did not return in time");
  }
  const Health now = instance->health();
  if (before.state == now.state) return;
  const bool serving = now.state == HealthState::kServing;
  state->log.Write(
      serving ? base::LogLevel::kInfo : base::LogLevel::kWarning, "slot.health",
      std::vector<base::LogField>{{"slot", slot}, {"serving", serving}, {"reason", now.reason}});
}

void WatchHealth(const std::shared_ptr<StackState>& state) {
  std::set<std::shared_ptr<Instance>> silent;
  while (true) {
    {
      const base::MutexLock lock(state->health_mutex);
      if (!state->health_stopping) {
        state->health_stop.WaitFor(state->health_mutex, state->options.health_interval);
      }
      if (state->health_stopping) return;
    }
    const std::shared_ptr<const Layout> layout = state->layout();
    for (const Slot& slot : layout->slots) {
      // One that hands its data over is neither here nor there.
      if (slot.running() && !slot.instance->staged())
        AskHealth(state, slot.config.name, slot.instance, &silent);
      if (slot.canary != nullptr) {
        AskHealth(state, slot.config.name, slot.canary->candidate().instance, &silent);
      }
    }
    std::erase_if(silent, [](const auto& instance) { return instance->state() != State::kActive; });
  }
}

void StopWatching(StackState& state) {
  {
    const base::MutexLock lock(state.health_mutex);
    state.health_stopping = true;
  }
  state.health_stop.NotifyAll();
  if (state.health_thread.joinable()) state.health_thread.join();
}

}  // namespace

StackState::StackState(StackConfig stack_config, const StackOptions& stack_options,
                       base::Log& stack_log, const base::Clock& stack_clock)
    : config(std::move(stack_config)),
      options(stack_options),
      log(stack_log),
      clock(stack_clock),
      packages(stack_options.plugin_path),
      started_us(stack_clock.WallUs()),
      table(stack_clock, config.park_timeout),
      hub(stack_clock),
      router(table, hub, stack_clock),
      workers(config.workers, config.max_queued_work),
      services{clock, log, metrics, workers, names, router, kVersion},
      formats(DataDirOf(config), log),
      http_address(config.http),
      grpc_address(config.grpc),
      admin_http_address(config.admin_http) {
  Layout layout;
  for (const SlotConfig& config_of_slot : config.slots) {
    Slot& slot = layout.slots.emplace_back();
    slot.config = config_of_slot;
    slot.number = NumberOf(slot.config.name);
  }
  Show(layout);
  changes = std::make_unique<Changes>(*this);
}

StackState::~StackState() {
  if (core != nullptr) core->Destroy();
}

std::shared_ptr<const Layout> StackState::layout() const {
  const base::MutexLock lock(layout_mutex_);
  return layout_;
}

void StackState::Show(const Layout& layout) {
  auto next = std::make_shared<const Layout>(layout);
  const base::MutexLock lock(layout_mutex_);
  layout_.swap(next);
}

std::unique_ptr<const Routes> StackState::RoutesOf(const Layout& layout) {
  std::vector<RoutedSlot> running;
  std::shared_ptr<const Canary> canary;
  if (core != nullptr && core->state() == State::kActive) running.push_back({core, nullptr});
  for (const Slot& slot : layout.slots) {
    if (!slot.running() || !slot.routed) continue;
    running.push_back({slot.instance, slot.service ? &*slot.service : nullptr});
    if (slot.canary != nullptr) canary = slot.canary;
  }
  auto routes = BuildRoutes(running, layout.chosen, names);
  routes->canary = std::move(canary);
  return routes;
}

std::uint64_t StackState::Publish(const Layout& layout) {
  Show(layout);
  return table.Publish(RoutesOf(layout));
}

void StackState::Connect(Wiring wiring, Layout* layout) {
  layout->order = std::move(wiring.order);
  layout->chosen.clear();
  for (const auto& [service, index] : wiring.chosen) {
    layout->chosen.emplace(service, layout->slots[index].config.name);
  }
  for (std::size_t i = 0; i < layout->slots.size(); ++i) {
    for (Grant& grant : wiring.grants[i]) {
      grant.slot_number = grant.slot == kCoreSlot ? kCoreSlotNumber : NumberOf(grant.slot);
    }
    layout->slots[i].grants = std::move(wiring.grants[i]);
  }
}

void StackState::Stage(const Layout& layout) { table.Stage(RoutesOf(layout)); }

std::uint32_t StackState::NumberOf(const std::string& name) {
  const base::MutexLock lock(layout_mutex_);
  const auto next = static_cast<std::uint32_t>(numbers_.size()) + kCoreSlotNumber + 1;
  return numbers_.emplace(name, next).first->second;
}

void StackState::KeepZombie(std::shared_ptr<Instance> instance) {
  // Code may still run in it, or come back: it stays as long as the process does.
  static base::Mutex mutex;
  static auto* const all = new std::vector<std::shared_ptr<Instance>>;
  const base::MutexLock lock(mutex);
  all->push_back(std::move(instance));
  zombies_.fetch_add(1);
}

std::string StackState::DataDir() const { return DataDirOf(config); }

std::string StackState::SlotStateDir(const Slot& slot) const {
  return DataDir() + "/slots/" + slot.config.name;
}

std::string StackState::StoreDir() const { return DataDir() + "/store"; }

std::vector<std::string> StackOptions::DefaultPluginPath(const std::vector<std::string>& first) {
  std::vector<std::string> out = first;
  if (const char* path = std::getenv("STRATA_PLUGIN_PATH"); path != nullptr) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) out.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) out.push_back((program.parent_path().parent_path() / "lib" / "plugins").string());
  return out;
}

// The stack as operators enter it: the same but for the routes.
class Stack::OperatorEntrance final : public Ingress {
 public:
  explicit OperatorEntrance(Stack& stack) : stack_(stack) {}

  Result<std::unique_ptr<Pin>> Enter(std::int64_t deadline_us) override {
    return stack_.EnterAs(Audience::kOperators, deadline_us);
  }
  bool Ready(std::string* why) const override { return stack_.Ready(why); }
  std::string MetricsText() const override { return stack_.MetricsText(); }
  std::vector<std::string> DescriptorSets() const override { return stack_.DescriptorSets(); }
  std::vector<std::string> ServiceNames() const override { return stack_.ServiceNames(); }

 private:
  Stack& stack_;
};

Stack::Stack(std::shared_ptr<StackState> state)
    : state_(std::move(state)), operators_(std::make_unique<OperatorEntrance>(*this)) {}

Stack::~Stack() {
  if (!state_->stopping.load()) static_cast<void>(Stop());
}

Result<std::unique_ptr<Stack>> Stack::Start(StackConfig config, const StackOptions& options,
                                            base::Log& log, const base::Clock& clock) {
  const std::int64_t begun_ns = clock.MonotonicNs();
  const auto formats = RestoreChanges(options, log, &config);
  const auto state = std::make_shared<StackState>(std::move(config), options, log, clock);
  state->make_transfer = options.make_transfer;
  for (const auto& [slot, format] : formats)
    STRATA_RETURN_IF_ERROR(state->formats.Learn(slot, format));
  STRATA_RETURN_IF_ERROR(StartSlots(state));
  std::unique_ptr<Stack> stack(new Stack(state));
  state->health_thread = std::thread([state] {
    pthread_setname_np(pthread_self(), "strata-health");
    WatchHealth(state);
  });
  state->changes->Start(state);
  if (options.make_trials) state->trials = options.make_trials(*stack);
  state->table.OpenIngress();
  log.Info("stack.started",
           {{"stack", state->config.name},
            {"slots", std::uint64_t{state->layout()->slots.size()}},
            {"generation", state->table.current()},
            {"took_ms", static_cast<double>(clock.MonotonicNs() - begun_ns) / 1e6}});
  return stack;
}

Status Stack::Stop() {
  StackState& state = *state_;
  const std::int64_t begun_ns = state.clock.MonotonicNs();
  state.log.Info("stack.stopping", {{"requests", std::uint64_t{state.requests.load()}}});
  state.changes->Stop();
  StopWatching(state);
  const Status trials = state.trials != nullptr ? state.trials->Stop() : OkStatus();
  Status status = StopSlots(state_, std::chrono::steady_clock::now() + state.config.drain_timeout);
  if (status.ok()) status = trials;
  const double took_ms = static_cast<double>(state.clock.MonotonicNs() - begun_ns) / 1e6;
  state.log.Info("stack.stopped",
                 {{"clean", status.ok()}, {"reason", status.message()}, {"took_ms", took_ms}});
  return status;
}

void Stack::EndEndless() {
  state_->table.Cancel(RouteTable::kEverything, RouteTable::Ending::kEndless);
  state_->hub.CancelGeneration(RouteTable::kEverything, RouteTable::Ending::kEndless);
}

void Stack::SetAddresses(std::string http, std::string grpc, std::string admin_http) {
  const base::MutexLock lock(state_->address_mutex);
  state_->http_address = std::move(http);
  state_->grpc_address = std::move(grpc);
  state_->admin_http_address = std::move(admin_http);
}

const StackConfig& Stack::config() const { return state_->config; }
StackReport Stack::Report() const { return MakeReport(*state_); }
base::MetricsRegistry& Stack::metrics() { return state_->metrics; }

Ingress* Stack::operators() { return operators_.get(); }

Result<std::unique_ptr<Pin>> Stack::Enter(std::int64_t deadline_us) {
  return EnterAs(Audience::kClients, deadline_us);
}

Result<std::unique_ptr<Pin>> Stack::EnterAs(Audience audience, std::int64_t deadline_us) {
  StackState& state = *state_;
  const bool full = state.requests.fetch_add(1) >= state.config.max_requests;
  Admission admission(state);
  if (full) return ResourceExhausted("too many requests at once; try again");
  STRATA_ASSIGN_OR_RETURN(const RouteTable::Ticket ticket,
                          state.table.Enter(RouteTable::Caller::kIngress, deadline_us));
  return std::unique_ptr<Pin>(
      std::make_unique<RequestPin>(state, audience, std::move(admission), ticket));
}

bool Stack::Ready(std::string* why) const { return IsReady(*state_, why); }
std::string Stack::MetricsText() const { return MakeMetricsText(*state_); }

std::vector<std::string> Stack::DescriptorSets() const {
  std::vector<std::string> out;
  out.emplace_back(strata_contracts_protoset, strata_contracts_protoset_end);
  const std::shared_ptr<const Layout> layout = state_->layout();
  for (const Slot& slot : layout->slots) {
    if (!slot.running()) continue;
    const strata_bytes set = slot.instance->descriptor().file_descriptor_set;
    if (set.size > 0) out.emplace_back(reinterpret_cast<const char*>(set.data), set.size);
  }
  return out;
}

std::vector<std::string> Stack::ServiceNames() const {
  std::vector<std::string> out;
  const auto ticket = state_->table.Enter(RouteTable::Caller::kBackground, 0);
  if (!ticket.ok()) return out;
  for (const auto& [service, route] : ticket->generation->routes().services) {
    out.push_back(service);
  }
  state_->table.Leave(*ticket);
  return out;
}

}  // namespace strata::host
