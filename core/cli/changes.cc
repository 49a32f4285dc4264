#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "core/cli/change_text.h"
#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/progress.h"
#include "strata/core/v1/core.grpc.pb.h"

namespace strata::cli {
namespace {

namespace v1 = core::v1;
using v1::Change;

// Planning reads and checks packages.
constexpr std::chrono::seconds kPlanTime{30};

// The bar of a change that copies rows; a new one for each time it goes over them.
class RowsBar {
 public:
  void Show(const Change& change) {
    const v1::Progress& progress = change.progress();
    const bool running = change.state() == Change::STATE_RUNNING;
    if (bar_ && (!running || progress.rows() < rows_)) {
      bar_->Finish(rows_, rows_);
      bar_.reset();
    }
    if (!running || progress.rows() == 0) return;
    rows_ = progress.rows();
    if (!bar_) bar_.emplace("rows", std::max(progress.rows_total(), progress.rows()));
    bar_->Update(rows_, rows_);
  }

 private:
  std::optional<Progress> bar_;
  std::uint64_t rows_ = 0;
};

class Client {
 public:
  explicit Client(const std::string& at) : at_(at), stub_(v1::Core::NewStub(Connect(at))) {}

  v1::Core::Stub& stub() { return *stub_; }
  Status From(const grpc::Status& status) const { return FromGrpc(status, at_); }

  // Tells what the change does until it has switched or ended.
  Result<Change> Follow(const std::string& id) {
    grpc::ClientContext context;
    v1::WatchChangeRequest request;
    request.set_id(id);
    const auto reader = stub_->WatchChange(&context, request);
    Change change;
    std::string shown;
    RowsBar bar;
    while (reader->Read(&change)) {
      bar.Show(change);
      if (change.state() != Change::STATE_RUNNING) {
        context.TryCancel();
        return change;
      }
      if (change.step() == shown || change.step().empty()) continue;
      shown = change.step();
      std::fprintf(stderr, "  %s\n", shown.c_str());
    }
    STRATA_RETURN_IF_ERROR(From(reader->Finish()));
    return change;
  }

 private:
  const std::string at_;
  const std::unique_ptr<v1::Core::Stub> stub_;
};

int Exit(const char* command, const Result<int>& code) {
  if (code.ok()) return *code;
  std::fprintf(stderr, "strata %s: %s\n", command, code.status().ToString().c_str());
  return code.status().code() == Code::kInvalidArgument ? 2 : 1;
}

Result<v1::SwapMode> ParseMode(const std::string& mode) {
  if (mode.empty()) return v1::SWAP_MODE_UNSPECIFIED;
  if (mode == "overlap") return v1::SWAP_MODE_OVERLAP;
  if (mode == "handover") return v1::SWAP_MODE_HANDOVER;
  if (mode == "transfer") return v1::SWAP_MODE_TRANSFER;
  return InvalidArgument("'" + mode + "' is no mode: overlap, handover or transfer");
}

// A path counts from where it is typed, not from where the core runs.
std::string PackagePath(const std::string& package) {
  if (package.find('/') == std::string::npos) return package;
  return std::filesystem::absolute(package).lexically_normal().string();
}

template <typename Request>
Status SetProbation(const ChangeFlags& flags, Request* request) {
  if (flags.probation.empty()) return OkStatus();
  STRATA_ASSIGN_OR_RETURN(const std::uint32_t seconds, ParseSeconds(flags.probation));
  request->set_probation_s(seconds);
  return OkStatus();
}

template <typename Request>
Status SetSettings(const std::vector<std::string>& settings, Request* request) {
  if (settings.empty()) return OkStatus();
  STRATA_ASSIGN_OR_RETURN(const std::string json, SettingsToJson(settings));
  request->set_config_json(json);
  return OkStatus();
}

void LimitTime(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + kPlanTime);
}

template <typename Request>
using ChangeRpc = grpc::Status (v1::Core::Stub::*)(grpc::ClientContext*, const Request&,
                                                   v1::ChangeResponse*);

// Asks for a change, prints its plan and follows it; what the command exits with.
template <typename Request>
Result<int> Carry(ChangeRpc<Request> rpc, Request* request, const ChangeFlags& flags) {
  request->set_plan_only(flags.plan);
  Client client(flags.at);
  grpc::ClientContext context;
  LimitTime(&context);
  v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(client.From((client.stub().*rpc)(&context, *request, &response)));
  std::fputs(PlanText(response.plan()).c_str(), stdout);
  std::fflush(stdout);
  if (!response.has_change()) return 0;
  if (flags.no_wait) {
    std::printf("%s has begun; strata changes --watch %s\n", response.change().id().c_str(),
                response.change().id().c_str());
    return 0;
  }
  STRATA_ASSIGN_OR_RETURN(const Change change, client.Follow(response.change().id()));
  std::printf("%s\n", ChangeText(change).c_str());
  const bool well =
      change.state() == Change::STATE_DONE || change.state() == Change::STATE_PROBATION;
  return well ? 0 : 1;
}

Result<int> Swap(const SwapOptions& options) {
  v1::SwapRequest request;
  request.set_slot(options.slot);
  request.set_package(PackagePath(options.package));
  request.set_version(options.version);
  request.set_isolation(options.isolation);
  STRATA_ASSIGN_OR_RETURN(const v1::SwapMode mode, ParseMode(options.mode));
  request.set_mode(mode);
  STRATA_RETURN_IF_ERROR(SetProbation(options.flags, &request));
  STRATA_RETURN_IF_ERROR(SetSettings(options.set, &request));
  return Carry(&v1::Core::Stub::Swap, &request, options.flags);
}

// "NAME=SLOT"
Status SetConnect(const std::vector<std::string>& connect, v1::MoveDataRequest* request) {
  for (const std::string& one : connect) {
    const std::size_t at = one.find('=');
    if (at == 0 || at == std::string::npos || at + 1 == one.size()) {
      return InvalidArgument("--connect: expected NAME=SLOT, got '" + one + "'");
    }
    v1::Binding* const binding = request->add_connect();
    binding->set_name(one.substr(0, at));
    binding->set_slot(one.substr(at + 1));
  }
  return OkStatus();
}

Result<int> MoveData(const MoveOptions& options) {
  v1::MoveDataRequest request;
  request.set_slot(options.what);
  request.set_package(PackagePath(options.to));
  STRATA_RETURN_IF_ERROR(SetConnect(options.connect, &request));
  STRATA_RETURN_IF_ERROR(SetSettings(options.set, &request));
  return Carry(&v1::Core::Stub::MoveData, &request, options.flags);
}

Result<int> Move(const MoveOptions& options) {
  if (options.what != "hosting" || !options.connect.empty()) return MoveData(options);
  if (options.to.empty()) return InvalidArgument("--to: say which hosting plugin to move to");
  v1::MoveHostingRequest request;
  request.set_slot(options.slot);
  request.set_package(PackagePath(options.to));
  STRATA_RETURN_IF_ERROR(SetSettings(options.set, &request));
  return Carry(&v1::Core::Stub::MoveHosting, &request, options.flags);
}

Result<int> Rollback(const RollbackOptions& options) {
  v1::RollbackRequest request;
  request.set_slot(options.slot);
  return Carry(&v1::Core::Stub::Rollback, &request, options.flags);
}

Result<int> CommitFormat(const CommitFormatOptions& options) {
  v1::CommitFormatRequest request;
  request.set_slot(options.slot);
  return Carry(&v1::Core::Stub::CommitFormat, &request, options.flags);
}

Result<int> Apply(const ApplyOptions& options) {
  std::ifstream in(options.stack_file, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf())) return NotFound("cannot read " + options.stack_file);
  v1::ApplyRequest request;
  request.set_stack_yaml(text.str());
  request.set_file(options.stack_file);
  const auto folder = std::filesystem::absolute(options.stack_file).parent_path();
  request.set_base_dir(folder.string());
  STRATA_RETURN_IF_ERROR(SetProbation(options.flags, &request));
  return Carry(&v1::Core::Stub::Apply, &request, options.flags);
}

Result<int> EndOne(Client& client, const std::string& id) {
  grpc::ClientContext context;
  LimitTime(&context);
  v1::EndChangeRequest request;
  request.set_id(id);
  v1::EndChangeResponse response;
  STRATA_RETURN_IF_ERROR(client.From(client.stub().EndChange(&context, request, &response)));
  std::printf("%s\n", ChangeText(response.change()).c_str());
  return 0;
}

Result<int> List(const ChangesOptions& options) {
  Client client(options.at);
  if (!options.end.empty()) return EndOne(client, options.end);
  if (!options.watch.empty()) {
    STRATA_ASSIGN_OR_RETURN(const Change change, client.Follow(options.watch));
    std::printf("%s\n", ChangeText(change).c_str());
    return change.state() == Change::STATE_FAILED ? 1 : 0;
  }
  grpc::ClientContext context;
  LimitTime(&context);
  v1::ListChangesRequest request;
  request.set_slot(options.slot);
  request.set_limit(options.limit);
  v1::ListChangesResponse response;
  STRATA_RETURN_IF_ERROR(client.From(client.stub().ListChanges(&context, request, &response)));
  if (options.json) {
    std::puts(HistoryJson(response).c_str());
  } else if (response.changes().empty()) {
    std::puts("Nothing was changed yet.");
  } else {
    std::fputs(HistoryText(response).c_str(), stdout);
  }
  return 0;
}

}  // namespace

int RunSwap(const SwapOptions& options) { return Exit("swap", Swap(options)); }
int RunMove(const MoveOptions& options) { return Exit("move", Move(options)); }
int RunRollback(const RollbackOptions& options) { return Exit("rollback", Rollback(options)); }
int RunCommitFormat(const CommitFormatOptions& options) {
  return Exit("commit-format", CommitFormat(options));
}
int RunApply(const ApplyOptions& options) { return Exit("apply", Apply(options)); }
int RunChanges(const ChangesOptions& options) { return Exit("changes", List(options)); }

}  // namespace strata::cli
