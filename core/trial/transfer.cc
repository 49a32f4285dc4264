#include "core/trial/transfer.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "core/trial/shadow_tap.h"

namespace strata::trial {
namespace {

constexpr std::size_t kAhead = 4;

// Messages between two threads, a few at a time.
class Channel {
 public:
  // Waits for room; false: nobody takes them any more.
  bool Put(std::string message) {
    const base::MutexLock lock(mutex_);
    while (messages_.size() >= kAhead && !closed_) changed_.Wait(mutex_);
    if (closed_) return false;
    messages_.push_back(std::move(message));
    changed_.NotifyAll();
    return true;
  }

  // Waits for the next; false at the end.
  bool Take(std::string* message) {
    const base::MutexLock lock(mutex_);
    while (messages_.empty() && !closed_) changed_.Wait(mutex_);
    if (messages_.empty()) return false;
    *message = std::move(messages_.front());
    messages_.pop_front();
    changed_.NotifyAll();
    return true;
  }

  void Close() {
    {
      const base::MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.NotifyAll();
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::string> messages_ STRATA_GUARDED_BY(mutex_);
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace

Status Transfer(host::Ingress& source, StackCall from, host::Ingress& target, StackCall to,
                const std::function<bool(std::string_view, std::string*)>& translate) {
  Channel channel;
  Status read;
  from.on_response = [&](std::string_view message) {
    std::string out;
    return !translate(message, &out) || channel.Put(std::move(out));
  };
  to.next_request = [&](std::string* message) { return channel.Take(message); };
  std::thread thread([&] {
    pthread_setname_np(pthread_self(), "strata-transfer");
    const ShadowTap::Aside aside;
    read = CallStack(source, from);
    channel.Close();
  });
  const Status written = CallStack(target, to);
  channel.Close();
  thread.join();
  return read.ok() || !written.ok() ? written : read;
}

}  // namespace strata::trial
