#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace strata::fhir::service {

// A thread that does one step of work after the other and rests in between. Declared after all that
// the steps use. Thread-safe.
class Background final {
 public:
  // Answers how long to rest before the next one.
  using Step = std::function<std::chrono::microseconds()>;

  ~Background() { Stop(); }

  // Once. `name`: of the thread, at most 15 bytes.
  void Start(const char* name, Step step);
  // Waits for the end of the step that runs.
  void Stop();
  // For steps that take long: they should end.
  bool stopping() const { return stopping_.load(); }

 private:
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace strata::fhir::service
