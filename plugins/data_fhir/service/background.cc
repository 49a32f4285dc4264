#include "plugins/data_fhir/service/background.h"

#include <pthread.h>

#include <utility>

namespace strata::fhir::service {

void Background::Start(const char* name, Step step) {
  thread_ = std::thread([this, step = std::move(step)] {
    while (!stopping()) {
      const std::chrono::microseconds rest = step();
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, rest, [this] { return stopping(); });
    }
  });
  pthread_setname_np(thread_.native_handle(), name);
}

void Background::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

}  // namespace strata::fhir::service
