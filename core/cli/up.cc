#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/cli/commands.h"
#include "core/cli/stop_signals.h"
#include "core/gateway/address.h"
#include "core/gateway/grpc_gateway.h"
#include "core/gateway/http_gateway.h"
#include "core/host/stack.h"
#include "core/host/stack_file.h"
#include "core/isolation/isolator.h"
#include "core/move/transfers.h"
#include "core/trial/trials.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
using gateway::GrpcGateway;
using gateway::HttpGateway;

// Operators are few, and their work is not to take what clients need.
constexpr int kAdminRequests = 8;

// The stack file that is used when none is named: installed beside the program.
fs::path EmbeddedStackFile() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share/strata/embedded.yaml";
}

// Where operators' pages are when nobody says: two ports above those for clients (gRPC is mostly
// one above).
std::string AdminAddress(gateway::ListenAddress http) {
  if (http.port != 0)
    http.port = static_cast<std::uint16_t>(http.port <= 65533 ? http.port + 2 : 0);
  return http.ToString();
}

Result<host::StackConfig> LoadConfig(const UpOptions& options) {
  const bool embedded = options.stack_file.empty();
  const std::string file = embedded ? EmbeddedStackFile().string() : options.stack_file;
  STRATA_ASSIGN_OR_RETURN(host::StackConfig config, host::LoadStackFile(file, options.set));
  if (!options.http.empty()) config.http = options.http;
  if (!options.grpc.empty()) config.grpc = options.grpc;
  if (!options.admin_http.empty()) config.admin_http = options.admin_http;
  // Refused before anything is opened.
  STRATA_ASSIGN_OR_RETURN(const auto http, gateway::ParseListenAddress(config.http));
  if (config.admin_http.empty()) config.admin_http = AdminAddress(http);
  STRATA_RETURN_IF_ERROR(gateway::ParseListenAddress(config.admin_http).status());
  STRATA_RETURN_IF_ERROR(gateway::ParseListenAddress(config.grpc).status());
  // What the command line names, and what the embedded stack keeps, is relative to where it is
  // typed.
  if (!options.data.empty() || embedded) {
    const fs::path data = options.data.empty() ? config.data : options.data;
    config.data = fs::absolute(data).string();
  }
  return config;
}

void LogHttp(base::Log& log, const gateway::AccessRecord& record) {
  log.Info("http.request", {{"request_id", record.request_id},
                            {"method", record.method},
                            {"route", record.route},
                            {"slot", record.slot},
                            {"status", record.status},
                            {"complete", record.complete},
                            {"bytes_in", record.bytes_in},
                            {"bytes_out", record.bytes_out},
                            {"duration_us", std::int64_t{record.duration.count()}}});
}

void LogGrpc(base::Log& log, const gateway::GrpcAccessRecord& record) {
  log.Info("grpc.call", {{"request_id", record.request_id},
                         {"method", record.method},
                         {"slot", record.slot},
                         {"code", CodeName(record.code)},
                         {"duration_us", std::int64_t{record.duration.count()}}});
}

// The stack and its entrances. Single-threaded.
class Running {
 public:
  static Result<std::unique_ptr<Running>> Start(const UpOptions& options, base::Log& log,
                                                const base::Clock& clock) {
    STRATA_ASSIGN_OR_RETURN(host::StackConfig config, LoadConfig(options));
    auto running = std::make_unique<Running>();
    gateway::HttpOptions http;
    http.address = config.http;
    http.access_log = [&log](const auto& record) { LogHttp(log, record); };
    gateway::HttpOptions admin = http;
    admin.address = config.admin_http;
    admin.request_slots = kAdminRequests;
    gateway::GrpcOptions grpc;
    grpc.address = config.grpc;
    grpc.access_log = [&log](const auto& record) { LogGrpc(log, record); };
    running->grace_ = config.drain_timeout;
    host::StackOptions stack_options;
    stack_options.as_file = options.as_file;
    stack_options.plugin_path = host::StackOptions::DefaultPluginPath(options.plugin_path);
    stack_options.make_trials = &trial::MakeTrials;
    stack_options.make_transfer = move::Transfers();

    running->isolator_ = std::make_unique<isolation::Isolator>(log);
    stack_options.isolation = running->isolator_.get();
    STRATA_ASSIGN_OR_RETURN(running->stack_,
                            host::Stack::Start(std::move(config), stack_options, log, clock));
    STRATA_ASSIGN_OR_RETURN(running->grpc_,
                            GrpcGateway::Start(std::move(grpc), running->stack_.get()));
    http.more_metrics = [entrance = running->grpc_.get()](std::string* page) {
      entrance->AppendMetrics(page);
    };
    STRATA_ASSIGN_OR_RETURN(running->http_,
                            HttpGateway::Start(std::move(http), running->stack_.get()));
    STRATA_ASSIGN_OR_RETURN(running->admin_,
                            HttpGateway::Start(std::move(admin), running->stack_->operators()));
    running->stack_->SetAddresses(running->http_->address(), running->grpc_->address(),
                                  running->admin_->address());
    return running;
  }

  const host::Stack& stack() const { return *stack_; }
  const std::string& http_address() const { return http_->address(); }
  const std::string& grpc_address() const { return grpc_->address(); }
  const std::string& admin_address() const { return admin_->address(); }

  // Lets nobody in, finishes what runs, stops the plugins.
  Status Stop() {
    stack_->EndEndless();
    admin_->Stop(grace_);
    http_->Stop(grace_);
    grpc_->Stop(grace_);
    return stack_->Stop();
  }

 private:
  std::chrono::milliseconds grace_{0};
  std::unique_ptr<isolation::Isolator> isolator_;  // The stack uses it.
  // The gateways call the stack: destroyed first.
  std::unique_ptr<host::Stack> stack_;
  std::unique_ptr<GrpcGateway> grpc_;
  std::unique_ptr<HttpGateway> http_;
  std::unique_ptr<HttpGateway> admin_;
};

}  // namespace

int RunUp(const UpOptions& options) {
  StopSignals signals;
  signal(SIGPIPE, SIG_IGN);

  const base::SystemClock clock;
  base::FdLogSink sink(2);
  base::Log log(sink, clock);
  auto running = Running::Start(options, log, clock);
  if (!running.ok()) {
    std::fprintf(stderr, "strata up: %s\n", running.status().message().c_str());
    return 1;
  }
  signals.Started();
  log.Info("stack.ready", {{"version", kVersion},
                           {"http", (*running)->http_address()},
                           {"grpc", (*running)->grpc_address()},
                           {"admin_http", (*running)->admin_address()}});
  std::printf("Strata is ready: http://%s/  grpc %s  operators http://%s/\n",
              (*running)->http_address().c_str(), (*running)->grpc_address().c_str(),
              (*running)->admin_address().c_str());
  for (const host::SlotReport& slot : (*running)->stack().Report().slots) {
    if (!slot.differs_from_file) continue;
    std::printf(
        "Slot %s runs %s %s by an earlier change, not what the stack file says (--as-file)\n",
        slot.name.c_str(), slot.plugin.c_str(), slot.version.c_str());
  }
  std::fflush(stdout);

  const int signal_number = signals.Wait();
  log.Info("stack.stopping", {{"signal", signal_number}});
  const Status stopped = (*running)->Stop();
  if (!stopped.ok()) {
    log.Error("stack.stopped", {{"code", CodeName(stopped.code())}, {"reason", stopped.message()}});
    // A plugin's threads may still run: destructors must not pull the ground from under them.
    std::quick_exit(1);
  }
  log.Info("stack.stopped");
  return 0;
}

}  // namespace strata::cli
