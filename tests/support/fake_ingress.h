#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/host/ingress.h"

namespace strata::testing {

// A stack for tests of the gateways: routes and methods are functions of the test. Thread-safe but
// for AddRoute, AddMethod and the setters marked so.
class FakeIngress final : public host::Ingress {
 public:
  // What a plugin's handle() does.
  using Handler = std::function<strata_code(strata_call*)>;

  // Before the first request.
  void AddRoute(host::HttpRoute route, Handler handler);
  void AddMethod(std::string slot, std::string full_method, std::int32_t kind, Handler handler);
  void AddDescriptorSet(std::string bytes) { descriptor_sets_.push_back(std::move(bytes)); }
  void SetMenu(std::vector<host::MenuItem> menu) { menu_ = std::move(menu); }

  void SetReady(bool ready, std::string why);
  // Enter answers UNAVAILABLE from now on.
  void Close();
  // Pins that are alive.
  int entered() const { return entered_.load(); }

  Result<std::unique_ptr<host::Pin>> Enter(std::int64_t deadline_us) override;
  bool Ready(std::string* why) const override;
  std::string MetricsText() const override { return "# fake\nstrata_fake 1\n"; }
  std::vector<std::string> DescriptorSets() const override { return descriptor_sets_; }
  std::vector<std::string> ServiceNames() const override;

 private:
  class FakePin;
  struct Method {
    std::string slot;
    std::string full_name;
    host::Target target;
  };

  std::deque<std::string> names_;  // what Target::slot points to
  std::deque<host::HttpRoute> routes_;
  std::deque<Method> methods_;
  std::vector<Handler> handlers_;  // index = handle - 1
  std::vector<host::MenuItem> menu_;
  std::vector<std::string> descriptor_sets_;
  std::atomic<int> entered_{0};
  mutable base::Mutex mutex_;
  bool ready_ STRATA_GUARDED_BY(mutex_) = true;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  std::string why_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::testing
