#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <array>
#include <cstdio>
#include <thread>
#include <vector>

#include "core/base/json_writer.h"
#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/status_text.h"
#include "core/cli/table.h"
#include "strata/core/v1/core.grpc.pb.h"

namespace strata::cli {
namespace {

using strata::core::v1::ListPluginsResponse;
using strata::core::v1::Slot;
using strata::core::v1::StatusResponse;

Result<StatusResponse> Ask(strata::core::v1::Core::Stub& stub, const std::string& at,
                           std::chrono::system_clock::time_point deadline, bool wait) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  context.set_wait_for_ready(wait);
  StatusResponse response;
  const Status status = FromGrpc(stub.Status(&context, {}, &response), at);
  if (!status.ok()) return status;
  return response;
}

// Asks until the stack is ready or the time is over.
Result<StatusResponse> AskUntilReady(const StatusOptions& options) {
  const auto stub = strata::core::v1::Core::NewStub(Connect(options.at));
  const auto now = std::chrono::system_clock::now();
  if (options.wait.count() == 0)
    return Ask(*stub, options.at, now + std::chrono::seconds(5), false);
  const auto deadline = now + options.wait;
  for (;;) {
    auto answer = Ask(*stub, options.at, deadline, true);
    if (answer.status().code() == Code::kDeadlineExceeded) {
      return DeadlineExceeded("no stack answers at " + options.at + " (strata up starts one)");
    }
    if (!answer.ok() || answer->ready()) return answer;
    if (std::chrono::system_clock::now() > deadline) {
      return DeadlineExceeded("the stack at " + options.at + " is up but not ready");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

json::Writer& Count(json::Writer& out, std::string_view name, std::uint64_t value) {
  return out.Key(name).Raw(std::to_string(value));
}

json::Writer& Decimal(json::Writer& out, std::string_view name, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return out.Key(name).Raw(text.data());
}

void WriteSlot(json::Writer& out, const Slot& slot) {
  out.BeginObject();
  out.Field("name", slot.name());
  out.Field("layer", slot.layer());
  out.Field("plugin", slot.plugin());
  out.Field("version", slot.version());
  out.Field("package", slot.package());
  out.Field("digest", slot.digest());
  out.Field("state", slot.state());
  out.Field("health", HealthName(slot.health()));
  out.Field("reason", slot.health().reason());
  out.Field("isolation", slot.isolation());
  out.Key("pid").Int(slot.pid());
  Count(out, "restarts", slot.restarts());
  out.Key("optional").Bool(slot.optional());
  out.Key("differs_from_file").Bool(slot.differs_from_file());
  out.Key("probation_until_us").Int(slot.probation_until_us());
  out.Field("previous_version", slot.previous().version());
  if (slot.has_format()) {
    out.Key("format").BeginObject();
    out.Field("name", slot.format().name());
    out.Key("on_disk").Int(slot.format().on_disk());
    out.Key("writes").Int(slot.format().writes());
    out.Key("newest").Int(slot.format().newest());
    out.EndObject();
  }
  out.Key("provides").BeginArray();
  for (const std::string& service : slot.provides()) out.String(service);
  out.EndArray();
  out.Key("requires").BeginArray();
  for (const auto& binding : slot.bindings()) {
    out.BeginObject();
    out.Field("name", binding.name());
    out.Field("service", binding.service());
    out.Field("slot", binding.slot());
    out.EndObject();
  }
  out.EndArray();
  Count(out, "calls", slot.calls().calls());
  Count(out, "errors", slot.calls().errors());
  Count(out, "in_flight", slot.calls().in_flight());
  Decimal(out, "p50_us", slot.calls().p50_us());
  Decimal(out, "p99_us", slot.calls().p99_us());
  out.EndObject();
}

void PrintJson(const StatusResponse& status) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Field("stack", status.stack());
  out.Field("version", status.version());
  out.Key("ready").Bool(status.ready());
  Count(out, "generation", status.generation());
  out.Key("started_us").Int(status.started_us());
  out.Key("pid").Int(status.pid());
  out.Field("http", status.http_address());
  out.Field("grpc", status.grpc_address());
  out.Field("admin_http", status.admin_http_address());
  out.Key("slots").BeginArray();
  for (const Slot& slot : status.slots()) WriteSlot(out, slot);
  out.EndArray();
  out.EndObject();
  std::puts(text.c_str());
}

void PrintPlugins(const ListPluginsResponse& answer, bool as_json) {
  if (!as_json) {
    Table table({"PLUGIN", "VERSION", "LAYER", "SLOTS", "PACKAGE", "PROBLEM"});
    for (const auto& package : answer.packages()) {
      std::string slots;
      for (const std::string& slot : package.slots()) slots += (slots.empty() ? "" : ",") + slot;
      table.Add({package.plugin(), package.version(), package.layer(), slots, package.path(),
                 package.problem()});
    }
    std::fputs(table.ToString().c_str(), stdout);
    return;
  }
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Key("packages").BeginArray();
  for (const auto& package : answer.packages()) {
    out.BeginObject();
    out.Field("plugin", package.plugin());
    out.Field("version", package.version());
    out.Field("layer", package.layer());
    out.Field("description", package.description());
    out.Field("package", package.path());
    out.Field("problem", package.problem());
    out.Key("slots").BeginArray();
    for (const std::string& slot : package.slots()) out.String(slot);
    out.EndArray();
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
  std::puts(text.c_str());
}

}  // namespace

int RunStatus(const StatusOptions& options) {
  if (options.watch) return RunStatusWatch(options);
  const auto status = AskUntilReady(options);
  if (!status.ok()) {
    std::fprintf(stderr, "strata status: %s\n", status.status().ToString().c_str());
    return 1;
  }
  if (options.json) {
    PrintJson(*status);
  } else {
    std::fputs(StatusText(*status).c_str(), stdout);
  }
  return status->ready() ? 0 : 1;
}

int RunPlugins(const PluginsOptions& options) {
  const auto stub = strata::core::v1::Core::NewStub(Connect(options.at));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  ListPluginsResponse answer;
  const Status status = FromGrpc(stub->ListPlugins(&context, {}, &answer), options.at);
  if (!status.ok()) {
    std::fprintf(stderr, "strata plugins: %s\n", status.ToString().c_str());
    return 1;
  }
  PrintPlugins(answer, options.json);
  return 0;
}

}  // namespace strata::cli
