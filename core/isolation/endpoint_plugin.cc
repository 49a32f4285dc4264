#include "core/isolation/endpoint_plugin.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <fstream>
#include <sstream>

#include "core/isolation/call_parts.h"
#include "core/isolation/contract_index.h"
#include "core/isolation/plain_forward.h"
#include "core/isolation/remote_table.h"
#include "core/isolation/rpc_server.h"
#include "core/isolation/server_process.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

constexpr std::int64_t kHealthUs = 500'000;
constexpr std::chrono::milliseconds kStopGrace{600};

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf())) return NotFound("cannot read " + path);
  return text.str();
}

Result<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const EndpointSpec& spec) {
  if (spec.ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  STRATA_ASSIGN_OR_RETURN(options.pem_root_certs, ReadFile(spec.ca));
  STRATA_ASSIGN_OR_RETURN(options.pem_cert_chain, ReadFile(spec.cert));
  STRATA_ASSIGN_OR_RETURN(options.pem_private_key, ReadFile(spec.key));
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments Arguments(const EndpointSpec& spec) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // On this machine, one who was away is found again at once.
  const int longest_ms = spec.address.starts_with("unix:") ? 100 : 1000;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, longest_ms);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

Status DescribeServer(const std::string& id, const std::string& layer,
                      const std::vector<std::string>& provides, const std::string& contracts,
                      RemoteDescriptor* out) {
  const ContractIndex index(contracts);
  std::vector<RemoteDescriptor::Method> methods;
  for (const std::string& service : provides) {
    const std::size_t before = methods.size();
    for (const auto& [name, method] : index.methods()) {
      if (!name.starts_with("/" + service + "/")) continue;
      methods.push_back({name, method.kind, method.flags, method.request_id_field});
    }
    if (methods.size() == before) {
      return InvalidArgument("this core does not know the contract " + service);
    }
  }
  out->Set({id, "0.0.0", layer, {}, {}, R"({"type": "object"})", "a gRPC server"},
           std::move(methods));
  return OkStatus();
}

EndpointPlugin::EndpointPlugin() { table_.self = this; }

Result<std::shared_ptr<const strata_plugin>> EndpointPlugin::Open(const EndpointSpec& spec) {
  return Make(spec, spec.address, nullptr);
}

Result<std::shared_ptr<const strata_plugin>> EndpointPlugin::OpenCommand(EndpointSpec spec,
                                                                         ServerSpec server) {
  const std::string id = server.command.front();
  STRATA_ASSIGN_OR_RETURN(auto process, ServerProcess::Make(std::move(server)));
  spec.address = process->address();
  return Make(spec, id, std::move(process));
}

Result<std::shared_ptr<const strata_plugin>> EndpointPlugin::Make(
    const EndpointSpec& spec, const std::string& id, std::unique_ptr<ServerProcess> server) {
  const std::shared_ptr<EndpointPlugin> plugin(new EndpointPlugin);
  plugin->server_ = std::move(server);
  STRATA_RETURN_IF_ERROR(
      DescribeServer(id, spec.layer, spec.provides, spec.contracts, &plugin->descriptor_));
  STRATA_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(spec));
  plugin->channel_ = grpc::CreateCustomChannel(spec.address, credentials, Arguments(spec));
  plugin->table_.desc = plugin->descriptor_.c_descriptor();
  if (!RemoteTable::Fill(plugin.get(), &plugin->table_, &plugin->trampoline_)) {
    return ResourceExhausted("too many plugins outside of the core");
  }
  return std::shared_ptr<const strata_plugin>(plugin, &plugin->table_);
}

EndpointPlugin::~EndpointPlugin() {
  if (table_.create != nullptr) RemoteTable::Release(trampoline_);
}

RemoteReport EndpointPlugin::Report() const {
  return server_ != nullptr ? server_->Report() : RemoteReport();
}

strata_code EndpointPlugin::CreateAny(const strata_host* host, strata_bytes config,
                                      OutsidePlugin** out, strata_status* why) {
  if (server_ != nullptr && host_ != nullptr) {
    return Explain(why, STRATA_FAILED_PRECONDITION, "one instance of a command at a time");
  }
  host_ = host;
  config_ = abi::View(config);
  *out = this;
  return STRATA_OK;
}

strata_code EndpointPlugin::Start(strata_status* why) {
  if (server_ != nullptr) {
    const Status started =
        server_->Start(config_, [host = host_](std::int32_t severity, std::string_view event,
                                               std::string_view key, std::string_view value) {
          const strata_kv field{abi::Str(key), abi::Bytes(value)};
          host->log(host, severity, abi::Str(event), &field, 1);
        });
    if (!started.ok()) {
      return Explain(why, static_cast<strata_code>(started.code()), started.message());
    }
  }
  channel_->GetState(/*try_to_connect=*/true);
  return STRATA_OK;
}

void EndpointPlugin::Destroy() {
  if (server_ != nullptr) server_->Stop(std::chrono::steady_clock::now() + kStopGrace);
  host_ = nullptr;
}

strata_code EndpointPlugin::Health(strata_status* why) {
  if (const RemoteReport report = Report(); !report.quarantine.empty()) {
    return Explain(why, STRATA_FAILED_PRECONDITION, report.quarantine);
  }
  const Status status = CheckServer(*channel_, abi::MonotonicUs() + kHealthUs);
  return status.ok() ? STRATA_OK
                     : Explain(why, static_cast<strata_code>(status.code()), status.message());
}

strata_code EndpointPlugin::Reconfigure(strata_bytes, strata_status*) {
  return STRATA_UNIMPLEMENTED;
}

strata_code EndpointPlugin::Handle(strata_call* c) {
  if (c->method >= descriptor_.method_count()) {
    return PassStatus(STRATA_UNIMPLEMENTED, "no such method", {}, c);
  }
  const RemoteDescriptor::Method& method = descriptor_.method(c->method);
  return ForwardPlain(*channel_, method.full_name, method.kind, c).code;
}

strata_code EndpointPlugin::Drain(std::int64_t, strata_status*) { return STRATA_OK; }

strata_code EndpointPlugin::Handover(const char*, strata_status*) { return STRATA_UNIMPLEMENTED; }

}  // namespace strata::isolation
