#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/unique_fd.h"

namespace strata::isolation {

// What goes over a lane. The core sends kCall; until the process answers kEnd it may send kData (a
// response of the call) and kNested (a call of its own on behalf of this one). A nested call is
// answered by kData, each of which is answered by kMore or kStop, and kNestedEnd.
enum class LaneKind : std::uint8_t {
  kReady = 1,      // The process: a thread waits here for calls.
  kCall = 2,       // Head: CallHead, with the method as handle; body: the request.
  kData = 3,       // Body: one response.
  kEnd = 4,        // Head: CallEnd; body: the last response, if `with_body`.
  kNested = 5,     // As kCall.
  kNestedEnd = 6,  // As kEnd.
  kMore = 7,
  kStop = 8,  // The caller has heard enough.
};

struct LaneFrame {
  LaneKind kind{};
  bool with_body = false;
  std::string head;
  std::string body;
};

// One connected socket between the core and the process of a plugin that carries one call at a
// time: a thread on each side, which wait for each other and for nobody else. Nested calls go back
// on it and run on the thread of the caller, as they do in one process. Send and Receive are for
// one thread at a time each; the rest is thread-safe.
class Lane final {
 public:
  enum class Result : std::uint8_t { kDone, kLate, kGone };

  explicit Lane(base::UniqueFd socket) : socket_(std::move(socket)) {}

  // `deadline_us`: CLOCK_MONOTONIC microseconds; 0: none. After anything but kDone the lane is of
  // no use any more.
  Result Send(LaneKind kind, std::string_view head, const std::string_view* body,
              std::int64_t deadline_us);
  Result Receive(LaneFrame* out, std::int64_t deadline_us);

  // Both sides see the end; whoever waits here does not any more.
  void Shut();
  bool shut() const { return shut_.load(); }
  int descriptor() const { return socket_.get(); }

 private:
  Result Fill(std::size_t bytes, std::int64_t deadline_us);
  // Waits until poll says that `events` are there.
  Result Wait(short events, std::int64_t deadline_us) const;

  const base::UniqueFd socket_;
  std::atomic<bool> shut_{false};
  std::string in_;         // Received and not taken.
  std::size_t taken_ = 0;  // Of in_.
};

}  // namespace strata::isolation
