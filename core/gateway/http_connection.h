#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/gateway/http_body.h"
#include "core/gateway/transport.h"

namespace strata::gateway {

class HttpExchange;

inline std::int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Bytes that all connections together hold for slow peers. Thread-safe.
class BufferBudget final {
 public:
  explicit BufferBudget(std::size_t limit) : limit_(limit) {}
  // Changes what one holder holds from *held to `now`; false (nothing changed) over the limit.
  bool Change(std::size_t now, std::size_t* held);

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

// One client connection. At any time at most one thread owns it (Claim) and touches its plain
// fields; the epoll set is edge-triggered and never re-armed: an event that arrives while someone
// owns the connection is left for the owner, who looks before letting go (Release). While a
// service runs, that is also how another thread learns that the client has gone.
class HttpConnection final {
 public:
  enum class Phase : std::uint8_t {
    kReading,    // between requests, or inside a head
    kGathering,  // inside a small body
    kQueued,     // a complete request waits for a place in the services
    kFlushing,   // an answer waits for a slow reader
    kLingering,  // all said; reads until the peer closes, so that it can read what was said
  };
  enum class Claimed { kYes, kLeftToOwner, kGone };

  // Another thread owns it: an event is left for that one.
  Claimed Claim(std::uint32_t generation, bool hang_up);
  // For the housekeeper, which leaves no event.
  bool TryClaim(std::uint32_t generation);
  // Lets go. False: an event came in meanwhile; still owned, look again.
  bool Release();

  // [any] The client hung up: the running service, if any, is told.
  void NotifyHangUp(std::uint32_t generation);
  // [any] The running service is told if its deadline has passed; `force`: in any case.
  void NotifyDeadline(std::uint32_t generation, std::int64_t now_us, bool force);
  // [owner] Who is to be told; null = nobody. Once null is set nobody is being told.
  void SetExchange(HttpExchange* exchange);

  bool hung_up() const { return (state_.load(std::memory_order_acquire) & kHungUp) != 0; }
  std::uint32_t generation() const {
    return static_cast<std::uint32_t>(state_.load(std::memory_order_acquire) >> 32);
  }
  bool open() const { return (state_.load(std::memory_order_acquire) & kOpen) != 0; }

  // [owner] Sends without waiting; what the socket does not take now is kept in `out`. False: the
  // connection broke, or all connections together keep too much.
  bool Send(const iovec* parts, std::size_t count);
  bool Flush();
  // [owner] Accounts for `in`, `body` and `out`.
  bool UpdateBudget();
  std::size_t unsent() const { return out.size() - out_sent; }

  // [owner] from here on; but `expires_us` is also read by the housekeeper.
  std::unique_ptr<Transport> transport;
  std::string in;    // bytes of a request that is incomplete (a head stays in front of its body)
  std::string body;  // the gathered part of the body
  std::string out;
  std::size_t out_sent = 0;
  std::size_t searched = 0;   // in `in`, see ParseHead
  std::size_t head_size = 0;  // kGathering
  std::uint64_t body_limit = 0;
  BodyDecoder decoder;
  Phase phase = Phase::kReading;
  bool gathered = false;          // kQueued: its body is in `body`
  bool waited = false;            // the current request has been in the queue
  std::atomic<bool> turn{false};  // kQueued: there may be a place for it [any]
  bool unread = false;            // `in` holds bytes that nobody has looked at
  bool close_after = false;
  bool linger = false;
  std::uint32_t requests = 0;
  std::int64_t since_us = 0;  // when the current head, body or answer began
  std::uint64_t moved = 0;    // bytes since then
  std::atomic<std::int64_t> expires_us{0};
  std::string client_address;

 private:
  friend class HttpConnectionTable;
  static constexpr std::uint64_t kOpen = 1, kBusy = 2, kPending = 4, kHungUp = 8;

  std::atomic<std::uint64_t> state_{0};  // generation << 32 | flags
  BufferBudget* budget_ = nullptr;
  std::size_t budget_held_ = 0;
  std::uint32_t index_ = 0;
  base::Mutex exchange_mutex_;
  HttpExchange* exchange_ STRATA_GUARDED_BY(exchange_mutex_) = nullptr;
};

// All connections. A place in the table is never freed, only used again under the next generation:
// a late event of a closed connection finds that and is dropped. Thread-safe.
class HttpConnectionTable final {
 public:
  HttpConnectionTable(std::size_t limit, std::size_t buffer_limit)
      : limit_(limit), budget_(buffer_limit) {}

  // Opens a connection, owned by the caller. Null: the table is full.
  HttpConnection* Open(std::unique_ptr<Transport> transport, std::string client_address);
  // [owner] Closes the socket and gives the place free.
  void Close(HttpConnection* connection);

  // What to put into epoll's data, and back. The connection may be closed already.
  static std::uint64_t Key(const HttpConnection& connection);
  HttpConnection* Find(std::uint64_t key);

  std::size_t open() const { return open_.load(std::memory_order_relaxed); }

  // Calls fn with every place that has been used so far.
  template <typename F>
  void ForEach(F&& fn) {
    std::size_t count = 0;
    {
      const base::MutexLock lock(mutex_);
      count = places_.size();
    }
    for (std::size_t i = 0; i < count; ++i) fn(At(static_cast<std::uint32_t>(i)));
  }

 private:
  HttpConnection& At(std::uint32_t index);

  const std::size_t limit_;
  BufferBudget budget_;
  std::atomic<std::size_t> open_{0};
  base::Mutex mutex_;
  std::deque<HttpConnection> places_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::gateway
