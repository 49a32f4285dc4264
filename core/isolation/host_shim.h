#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/isolation/growing_pool.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {

class PluginCall;

// The strata_host of an isolated plugin, in its own process: asks the core. Log lines, metrics and
// health go there in order and without waiting, in batches. Thread-safe.
class HostShim final {
 public:
  static constexpr std::size_t kMaxQueuedEvents = 10'000;

  HostShim(v1::CreateRequest create, std::shared_ptr<grpc::Channel> core);
  ~HostShim();  // Sends what is queued.

  const strata_host* c_host() const { return &c_.host; }

  // What strata.host.handover/1 answers.
  void SetHandoverPending(bool pending) { handover_pending_.store(pending); }

  // Waits for submitted work.
  void WaitForTasks();
  // Waits until the core has got what was queued so far.
  void Flush();

  // While a thread serves a call, its nested calls belong to it even when they do not say so.
  class Serving {
   public:
    explicit Serving(PluginCall* call);
    ~Serving();
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

   private:
    PluginCall* enclosing_;
  };

 private:
  struct CHost {
    strata_host host{};
    HostShim* self = nullptr;
  };

  static HostShim& Of(const strata_host* h) { return *reinterpret_cast<const CHost*>(h)->self; }
  static std::int64_t NowUs(const strata_host* h);
  static void Log(const strata_host* h, std::int32_t severity, strata_str event,
                  const strata_kv* fields, std::size_t n);
  static std::uint64_t Resolve(const strata_host* h, strata_str binding, strata_str full_method);
  static strata_code Call(const strata_host* h, strata_call* c);
  static std::uint64_t Metric(const strata_host* h, std::int32_t kind, strata_str name,
                              const strata_kv* labels, std::size_t n);
  static void MetricAdd(const strata_host* h, std::uint64_t metric, double v);
  static strata_code Submit(const strata_host* h, void (*fn)(void*), void* arg);
  static void SetHealth(const strata_host* h, strata_code code, strata_str why);
  static const void* Extension(const strata_host* h, const char* id);
  static strata_code GetSecret(const strata_host* h, strata_str name,
                               void (*use)(void* arg, strata_bytes), void* arg);

  static std::int32_t HandoverPending(const strata_host* h);

  void Push(v1::Event event);
  void SendEvents();

  const v1::CreateRequest create_;
  const std::shared_ptr<grpc::Channel> core_;  // shared: with LoadedPlugin.
  CHost c_;
  std::atomic<bool> handover_pending_{false};
  base::Mutex mutex_;
  base::CondVar changed_;
  base::CondVar sent_;
  std::map<std::string, std::uint64_t> metrics_ STRATA_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> handles_ STRATA_GUARDED_BY(mutex_);
  std::vector<v1::Event> events_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t lost_ STRATA_GUARDED_BY(mutex_) = 0;
  bool urgent_ STRATA_GUARDED_BY(mutex_) = false;
  bool sending_ STRATA_GUARDED_BY(mutex_) = false;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::size_t tasks_ STRATA_GUARDED_BY(mutex_) = 0;
  base::CondVar tasks_done_;
  GrowingPool workers_{"strata-work", 64};
  std::thread sender_;
};

}  // namespace strata::isolation
