#include "core/gateway/grpc_builtin.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/gateway/grpc_reflection.h"
#include "core/gateway/wire.h"

namespace strata::gateway {
namespace {

constexpr std::string_view kHealth = "grpc.health.v1.Health";
constexpr std::uint64_t kServing = 1, kNotServing = 2, kServiceUnknown = 3;
constexpr std::chrono::milliseconds kWatchTick(250);

// HealthCheckRequest.service
std::string ServiceOf(const grpc::ByteBuffer& request) {
  const grpc::Slice slice = ToSlice(request);
  WireReader reader(View(slice));
  std::string service;
  while (reader.Next()) {
    if (reader.field() == 1) service = reader.bytes();
  }
  return service;
}

grpc::ByteBuffer HealthResponse(std::uint64_t status) {
  std::string bytes;
  AppendUint(1, status, &bytes);
  return ToByteBuffer(bytes);
}

bool IsMethod(std::string_view method, std::string_view service, std::string_view name) {
  return method.size() == service.size() + name.size() + 2 &&
         method.substr(1).starts_with(service) && method.ends_with(name);
}

}  // namespace

// ---- reflection --------------------------------------------------------------------------------

class GrpcBuiltin::ReflectionStream final : public grpc::ServerGenericBidiReactor {
 public:
  explicit ReflectionStream(GrpcBuiltin* builtin)
      : index_(builtin->core_.ingress.DescriptorSets()), services_(builtin->AllServices()) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    const grpc::Slice slice = ToSlice(request_);
    response_ = ToByteBuffer(AnswerReflection(View(slice), index_, services_));
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  const DescriptorIndex index_;
  const std::vector<std::string> services_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

// ---- health ------------------------------------------------------------------------------------

class GrpcBuiltin::HealthCheck final : public grpc::ServerGenericBidiReactor {
 public:
  explicit HealthCheck(GrpcBuiltin* builtin) : builtin_(*builtin) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::INVALID_ARGUMENT, "no request message"));
    const std::uint64_t status = builtin_.ServingStatus(ServiceOf(request_));
    if (status == kServiceUnknown) return Finish(grpc::Status(grpc::NOT_FOUND, "no such service"));
    response_ = HealthResponse(status);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  GrpcBuiltin& builtin_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

class GrpcBuiltin::HealthWatch final : public grpc::ServerGenericBidiReactor {
 public:
  explicit HealthWatch(GrpcBuiltin* builtin) : builtin_(*builtin) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status(grpc::INVALID_ARGUMENT, "no request message"));
    service_ = ServiceOf(request_);
    bool stopping = false;
    {
      const base::MutexLock lock(builtin_.mutex_);
      stopping = builtin_.stopping_;
      if (!stopping) builtin_.watches_.push_back(this);
      listed_ = !stopping;
    }
    builtin_.changed_.NotifyAll();
    if (stopping) return End(grpc::Status(grpc::UNAVAILABLE, "stopping"));
    Look();
  }

  // Sends the status if it is not the last one sent.
  void Look() {
    const std::uint64_t status = builtin_.ServingStatus(service_);
    {
      const base::MutexLock lock(mutex_);
      if (writing_ || ended_ || status == sent_) return;
      sent_ = status;
      writing_ = true;
    }
    response_ = HealthResponse(status);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    {
      const base::MutexLock lock(mutex_);
      writing_ = false;
    }
    if (!ok) return End(grpc::Status::CANCELLED);
    Look();
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    if (listed_) builtin_.Remove(this);
    delete this;
  }

  void End(const grpc::Status& status) {
    {
      const base::MutexLock lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    Finish(status);
  }

 private:
  ~HealthWatch() override = default;

  GrpcBuiltin& builtin_;
  std::string service_;
  bool listed_ = false;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  base::Mutex mutex_;
  bool writing_ STRATA_GUARDED_BY(mutex_) = false;
  bool ended_ STRATA_GUARDED_BY(mutex_) = false;
  std::uint64_t sent_ STRATA_GUARDED_BY(mutex_) = 0;
};

// ---- GrpcBuiltin -------------------------------------------------------------------------------

GrpcBuiltin::GrpcBuiltin(GrpcCore* core) : core_(*core), watcher_([this] { RunWatcher(); }) {}

GrpcBuiltin::~GrpcBuiltin() {
  Stop();
  watcher_.join();
}

grpc::ServerGenericBidiReactor* GrpcBuiltin::Create(std::string_view method) {
  if (IsMethod(method, kReflectionV1, "ServerReflectionInfo") ||
      IsMethod(method, kReflectionV1Alpha, "ServerReflectionInfo")) {
    return new ReflectionStream(this);  // reactors delete themselves in OnDone
  }
  if (IsMethod(method, kHealth, "Check")) return new HealthCheck(this);
  if (IsMethod(method, kHealth, "Watch")) return new HealthWatch(this);
  return nullptr;
}

std::vector<std::string> GrpcBuiltin::AllServices() const {
  std::vector<std::string> services = core_.ingress.ServiceNames();
  for (const std::string_view own : {kHealth, kReflectionV1, kReflectionV1Alpha}) {
    services.emplace_back(own);
  }
  return services;
}

std::uint64_t GrpcBuiltin::ServingStatus(std::string_view service) const {
  const std::vector<std::string> services = AllServices();
  if (!service.empty() && std::find(services.begin(), services.end(), service) == services.end()) {
    return kServiceUnknown;
  }
  std::string why;
  return core_.ingress.Ready(&why) ? kServing : kNotServing;
}

void GrpcBuiltin::RunWatcher() {
  pthread_setname_np(pthread_self(), "grpc-health");
  mutex_.Lock();
  while (!stopping_) {
    if (watches_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    changed_.WaitFor(mutex_, kWatchTick);
    // Under the lock: a watch takes itself off the list before it goes.
    for (HealthWatch* watch : watches_) watch->Look();
  }
  mutex_.Unlock();
}

void GrpcBuiltin::Remove(HealthWatch* watch) {
  const base::MutexLock lock(mutex_);
  watches_.remove(watch);
}

void GrpcBuiltin::Stop() {
  const base::MutexLock lock(mutex_);
  stopping_ = true;
  for (HealthWatch* watch : watches_) watch->End(grpc::Status(grpc::UNAVAILABLE, "stopping"));
  changed_.NotifyAll();
}

}  // namespace strata::gateway
