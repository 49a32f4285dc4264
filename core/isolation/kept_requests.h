#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"

namespace strata::isolation {

// Memory that calls share for what each keeps beyond its own. Thread-safe.
class KeptRoom final {
 public:
  explicit KeptRoom(std::size_t bytes) : left_(bytes) {}
  // False: there is not so much left.
  bool Take(std::size_t bytes);
  void Give(std::size_t bytes) { left_.fetch_add(bytes); }

 private:
  std::atomic<std::size_t> left_;
};

// The requests that one call reads from its caller, so that the call can be made again: they are
// kept as long as the first one carries a request_id and there is room, kOwnBytes for each call and
// what the shared room has. Used by one thread.
class KeptRequests final {
 public:
  static constexpr std::size_t kOwnBytes = std::size_t{4} << 20;

  // `request_id_field`: its number in the first request; 0: nothing is kept. `shared`: nullptr:
  // none.
  KeptRequests(strata_call* c, std::uint32_t request_id_field, KeptRoom* shared = nullptr)
      : c_(*c),
        request_id_field_(request_id_field),
        shared_(shared),
        whole_(request_id_field != 0) {}
  ~KeptRequests() { Drop(); }
  KeptRequests(const KeptRequests&) = delete;
  KeptRequests& operator=(const KeptRequests&) = delete;

  // As strata_call_ops.read.
  strata_code Next(strata_bytes* out);
  // All that was read can be read again; nothing may have been read yet.
  bool whole() const { return whole_; }
  // The next one is the first again. Only when whole().
  void Rewind() { next_ = 0; }

 private:
  void Keep(std::string_view request);
  bool HasRoomFor(std::size_t bytes);
  void Drop();

  strata_call& c_;
  const std::uint32_t request_id_field_;
  KeptRoom* const shared_;
  std::deque<std::string> kept_;
  std::size_t own_bytes_ = 0;
  std::size_t shared_bytes_ = 0;
  std::size_t next_ = 0;  // The next of those kept.
  bool whole_;
  strata_code end_ = STRATA_OK;  // How they ended.
};

}  // namespace strata::isolation
