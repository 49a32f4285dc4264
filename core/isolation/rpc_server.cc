#include "core/isolation/rpc_server.h"

#include <fcntl.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <utility>

#include "core/base/keep_grpc.h"
#include "core/base/mutex.h"
#include "core/isolation/growing_pool.h"
#include "core/isolation/served_call.h"

namespace strata::isolation {

class RpcServer::Impl final : public grpc::CallbackGenericService {
 public:
  Impl(GrowingPool* pool, Finder find) : pool_(*pool), find_(std::move(find)) {}

  Status Open(base::UniqueFd socket) {
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return Unavailable("gRPC cannot start a server");
    const int fd = socket.release();
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    grpc::AddInsecureChannelFromFd(server_.get(), fd);
    return OkStatus();
  }

  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    const base::MutexLock lock(mutex_);
    while (alive_ != 0) ended_.Wait(mutex_);
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    RpcHandler handler = find_(context->method());
    const bool one_request = handler.one_request;
    const bool known = handler.run != nullptr;
    {
      const base::MutexLock lock(mutex_);
      ++alive_;
    }
    auto* call = new ServedCall(  // Deletes itself in OnDone.
        context,
        [this, run = std::move(handler.run)](ServedCall* c) {
          return pool_.Submit([run, c] { run(*c); });
        },
        [this] {
          const base::MutexLock lock(mutex_);
          --alive_;
          ended_.NotifyAll();
        });
    if (known) {
      call->Begin(one_request);
    } else {
      call->Refuse(Unimplemented("no such method"));
    }
    return call;
  }

 private:
  GrowingPool& pool_;
  const Finder find_;
  base::Mutex mutex_;
  base::CondVar ended_;
  std::size_t alive_ STRATA_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RpcServer::~RpcServer() { Stop(); }

void RpcServer::Stop() { impl_->Stop(); }

Result<std::unique_ptr<RpcServer>> RpcServer::Start(base::UniqueFd socket, GrowingPool* pool,
                                                    Finder find) {
  base::KeepGrpc();
  auto impl = std::make_unique<Impl>(pool, std::move(find));
  STRATA_RETURN_IF_ERROR(impl->Open(std::move(socket)));
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

}  // namespace strata::isolation
