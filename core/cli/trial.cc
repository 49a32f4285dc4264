#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/cli/change_text.h"
#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/trial_text.h"
#include "strata/core/v1/core.grpc.pb.h"

namespace strata::cli {
namespace {

namespace v1 = core::v1;

// Bringing a candidate up may take as long as the start of its slot.
constexpr std::chrono::minutes kStartTime{2};

std::atomic<bool> g_interrupted{false};

void CatchInterrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_interrupted.store(true); };
  ::sigaction(SIGINT, &action, nullptr);
}

// "10%" and "10"; empty: 0.
Result<double> ParsePercent(const std::string& text) {
  if (text.empty()) return 0.0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string_view rest = end;
  if (end == text.c_str() || (!rest.empty() && rest != "%") || !(value >= 0 && value <= 100)) {
    return InvalidArgument("'" + text + "' is no percentage from 0 to 100");
  }
  return value;
}

class TrialClient {
 public:
  explicit TrialClient(const std::string& at) : at_(at), stub_(v1::Core::NewStub(Connect(at))) {}

  Result<v1::Trial> Start(const v1::StartTrialRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kStartTime);
    v1::Trial trial;
    const Status status = FromGrpc(stub_->StartTrial(&context, request, &trial), at_);
    if (!status.ok()) return status;
    return trial;
  }

  Result<v1::Trial> End(const std::string& id) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kStartTime);
    v1::EndTrialRequest request;
    request.set_id(id);
    v1::Trial trial;
    const Status status = FromGrpc(stub_->EndTrial(&context, request, &trial), at_);
    if (!status.ok()) return status;
    return trial;
  }

  Result<v1::ListTrialsResponse> List() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    v1::ListTrialsResponse trials;
    const Status status = FromGrpc(stub_->ListTrials(&context, {}, &trials), at_);
    if (!status.ok()) return status;
    return trials;
  }

  // Shows the trial until it has ended or SIGINT comes; as it was seen last.
  Result<v1::Trial> Follow(const std::string& id, bool json) {
    grpc::ClientContext context;
    v1::WatchTrialRequest request;
    request.set_id(id);
    const auto reader = stub_->WatchTrial(&context, request);
    v1::Trial trial;
    while (!g_interrupted.load() && reader->Read(&trial)) Show(trial, json);
    if (g_interrupted.load()) {
      context.TryCancel();
      return trial;
    }
    STRATA_RETURN_IF_ERROR(FromGrpc(reader->Finish(), at_));
    return trial;
  }

  // On a terminal each edition is drawn over the last.
  static void Show(const v1::Trial& trial, bool json) {
    if (json) {
      std::puts(TrialJson(trial).c_str());
    } else if (::isatty(STDOUT_FILENO) != 0) {
      std::fputs(("\033[H\033[J" + TrialText(trial)).c_str(), stdout);
    } else if (trial.ended_us() != 0) {
      std::fputs(TrialText(trial).c_str(), stdout);
    }
    std::fflush(stdout);
  }

 private:
  const std::string at_;
  const std::unique_ptr<v1::Core::Stub> stub_;
};

Result<v1::StartTrialRequest> MakeRequest(const TrialOptions& options) {
  v1::StartTrialRequest request;
  request.set_slot(options.slot);
  const auto path = [](const std::string& package) {  // It counts from where it is typed.
    if (package.find('/') == std::string::npos) return package;
    return std::filesystem::absolute(package).lexically_normal().string();
  };
  request.set_package(path(options.package));
  request.set_scratch_package(path(options.scratch));
  STRATA_ASSIGN_OR_RETURN(const double shadow, ParsePercent(options.shadow));
  STRATA_ASSIGN_OR_RETURN(const double canary, ParsePercent(options.canary));
  request.set_shadow_percent(shadow == 0 && canary == 0 ? 10 : shadow);
  request.set_canary_percent(canary);
  if (!options.duration.empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::uint32_t seconds, ParseSeconds(options.duration));
    request.set_duration_s(seconds);
  }
  request.set_isolation(options.isolation);
  request.set_plan_only(options.plan);
  STRATA_ASSIGN_OR_RETURN(const double more_errors, ParsePercent(options.more_errors));
  if (more_errors > 0) request.mutable_bounds()->set_more_errors(more_errors / 100);
  if (options.slower != 0) request.mutable_bounds()->set_slower(options.slower);
  if (options.least_calls != 0) request.mutable_bounds()->set_least_calls(options.least_calls);
  if (!options.set.empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::string settings, SettingsToJson(options.set));
    request.set_config_json(settings);
  }
  return request;
}

bool WentWell(const v1::Trial& trial) {
  return trial.state() != v1::Trial::STATE_FAILED && trial.state() != v1::Trial::STATE_WITHDRAWN;
}

Result<int> Try(const TrialOptions& options) {
  STRATA_ASSIGN_OR_RETURN(const v1::StartTrialRequest request, MakeRequest(options));
  TrialClient client(options.at);
  STRATA_ASSIGN_OR_RETURN(v1::Trial trial, client.Start(request));
  if (options.plan) {
    std::puts(options.json ? TrialJson(trial).c_str() : TrialPlanText(trial).c_str());
    return 0;
  }
  if (options.detach) {
    std::printf("%s\n", trial.id().c_str());
    return WentWell(trial) ? 0 : 1;
  }
  CatchInterrupt();
  STRATA_ASSIGN_OR_RETURN(trial, client.Follow(trial.id(), options.json));
  if (trial.ended_us() == 0) {
    STRATA_ASSIGN_OR_RETURN(trial, client.End(trial.id()));
    TrialClient::Show(trial, options.json);
  }
  return WentWell(trial) ? 0 : 1;
}

Result<int> Look(const TrialsOptions& options) {
  TrialClient client(options.at);
  if (!options.end.empty()) {
    STRATA_ASSIGN_OR_RETURN(const v1::Trial trial, client.End(options.end));
    std::puts(options.json ? TrialJson(trial).c_str() : TrialText(trial).c_str());
    return 0;
  }
  if (!options.watch.empty()) {
    CatchInterrupt();
    STRATA_RETURN_IF_ERROR(client.Follow(options.watch, options.json).status());
    return 0;
  }
  STRATA_ASSIGN_OR_RETURN(const v1::ListTrialsResponse trials, client.List());
  if (!options.json) {
    std::fputs(TrialsText(trials).c_str(), stdout);
    return 0;
  }
  for (const v1::Trial& trial : trials.trials()) std::puts(TrialJson(trial).c_str());
  return 0;
}

int Exit(const char* command, const Result<int>& code) {
  if (code.ok()) return *code;
  std::fprintf(stderr, "strata %s: %s\n", command, code.status().ToString().c_str());
  return code.status().code() == Code::kInvalidArgument ? 2 : 1;
}

}  // namespace

// `strata trial end ID`: no package has the name of a trial.
int RunTrial(const TrialOptions& options) {
  if (options.slot == "end" && options.package.starts_with("trial-")) {
    TrialsOptions end;
    end.at = options.at;
    end.json = options.json;
    end.end = options.package;
    return RunTrials(end);
  }
  return Exit("trial", Try(options));
}
int RunTrials(const TrialsOptions& options) { return Exit("trials", Look(options)); }

}  // namespace strata::cli
