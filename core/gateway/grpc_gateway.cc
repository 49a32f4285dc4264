#include "core/gateway/grpc_gateway.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "core/base/keep_grpc.h"
#include "core/gateway/address.h"
#include "core/gateway/grpc_builtin.h"
#include "core/gateway/grpc_call.h"

namespace strata::gateway {

class GrpcGateway::Impl final : public grpc::CallbackGenericService {
 public:
  Impl(GrpcOptions options, host::Ingress* ingress)
      : core_(std::move(options), ingress), builtin_(&core_) {}

  Status Open();
  void Stop(std::chrono::milliseconds grace);
  const std::string& address() const { return address_; }
  void AppendMetrics(std::string* out) const;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (auto* reactor = builtin_.Create(context->method())) return reactor;
    auto* call = new GrpcCall(&core_, context);  // deletes itself in OnDone
    call->Begin();
    return call;
  }

 private:
  GrpcCore core_;
  GrpcBuiltin builtin_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

Status GrpcGateway::Impl::Open() {
  STRATA_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(core_.options.address));
  if (!address.unix_path.empty()) {
    STRATA_RETURN_IF_ERROR(PrepareUnixSocket(address.unix_path));
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address.ToString(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(this);
  const int message_limit = static_cast<int>(core_.options.max_message_bytes);
  builder.SetMaxReceiveMessageSize(message_limit);
  builder.SetMaxSendMessageSize(message_limit);
  // A second server on the same port would silently take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(core_.options.max_metadata_bytes));
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return Unavailable("cannot listen on " + address.ToString() + ": the address is in use");
  }
  if (address.unix_path.empty()) address.port = static_cast<std::uint16_t>(port);
  address_ = address.ToString();
  return OkStatus();
}

void GrpcGateway::Impl::Stop(std::chrono::milliseconds grace) {
  builtin_.Stop();
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
}

void GrpcGateway::Impl::AppendMetrics(std::string* out) const {
  out->append("# HELP strata_grpc_calls_in_flight Calls that have not ended.\n");
  out->append("# TYPE strata_grpc_calls_in_flight gauge\nstrata_grpc_calls_in_flight ");
  out->append(std::to_string(core_.calls.load())).append("\n");
  out->append("# HELP strata_grpc_calls_total Ended calls by status code.\n");
  out->append("# TYPE strata_grpc_calls_total counter\n");
  for (std::size_t i = 0; i < core_.finished.size(); ++i) {
    out->append("strata_grpc_calls_total{code=\"").append(CodeName(static_cast<Code>(i)));
    out->append("\"} ").append(std::to_string(core_.finished[i].load())).append("\n");
  }
}

GrpcGateway::GrpcGateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcGateway::~GrpcGateway() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<GrpcGateway>> GrpcGateway::Start(GrpcOptions options,
                                                        host::Ingress* ingress) {
  base::KeepGrpc();
  auto impl = std::make_unique<Impl>(std::move(options), ingress);
  STRATA_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<GrpcGateway>(new GrpcGateway(std::move(impl)));
}

const std::string& GrpcGateway::address() const { return impl_->address(); }

void GrpcGateway::Stop(std::chrono::milliseconds grace) { impl_->Stop(grace); }

void GrpcGateway::AppendMetrics(std::string* out) const { impl_->AppendMetrics(out); }

}  // namespace strata::gateway
