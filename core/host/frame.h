#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/shard.h"

namespace strata::host {

class CallObserver;
class FramePool;
class Instance;
class Request;
class SlotStats;

// One hop: a call being served by a plugin. The callee sees `call`, which is the host's own copy,
// so nothing that the caller writes to its struct later, and nothing that the callee writes to this
// one, changes who is asking. Lives in a FramePool; its memory is never returned to the system, so
// that a stale or invented reference is refused instead of read from the stack of somebody else.
struct Frame {
  // Must be first: the ops find the frame by the address of the call.
  strata_call call{};

  strata_call* outer = nullptr;  // The caller's struct: where responses go.
  Request* request = nullptr;
  const base::Clock* clock = nullptr;
  Instance* callee = nullptr;
  const Frame* enclosing = nullptr;  // What this thread served before, further up its stack.
  std::int64_t deadline_us = 0;      // As in `call`, but out of the callee's reach.
  strata_bytes auth{};               // The same.
  bool entry = false;         // Called by a gateway or as background work, not by another hop.
  bool async = false;         // The method may answer STRATA_PENDING.
  bool one_response = false;  // Exactly one when it answers OK.
  std::uint32_t responses = 0;
  bool cut_short = false;            // A response was refused: nobody waits for it any more.
  SlotStats* also = nullptr;         // Counts this call too; null: none.
  CallObserver* observer = nullptr;  // Of a tap that wants to see this call; null: none.

  // For async methods: set by finish under the pool's lock for this frame.
  bool finished = false;
  strata_code finish_code = STRATA_OK;

  // Of an entry frame: how the caller's cancellation reaches us.
  std::atomic<bool> hooked{false};
  std::uint64_t outer_hook = 0;
  std::vector<strata_kv> metadata;  // Only when the callee's differs from the caller's.

  // host_ref of `call` while it is served, else 0.
  std::atomic<std::uint64_t> ref{0};
  // Nested calls running on behalf of this one.
  std::atomic<std::uint32_t> children{0};

  // Of the pool.
  FramePool* pool = nullptr;
  std::uint32_t index = 0;
  std::uint32_t stripe = 0;
  std::uint64_t nonce = 0;
  std::atomic<std::uint32_t> next_free{0};

  static Frame* Of(strata_call* c) { return reinterpret_cast<Frame*>(c); }
};

// Frames, and the references to them that plugins hold. Thread-safe; Acquire and Release take no
// lock but for the first use of a frame.
class FramePool final {
 public:
  static constexpr std::uint32_t kChunk = 32;
  static constexpr std::uint32_t kMaxFrames = 1u << 16;

  FramePool();
  ~FramePool();
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  // A frame with a new reference, or null when kMaxFrames are in use.
  Frame* Acquire();
  // Waits until no nested call uses the frame any more; its reference is void from the start.
  void Release(Frame* frame);

  // The frame that `ref` names, kept from being released until Unuse; null if it names none.
  Frame* Use(std::uint64_t ref);
  void Unuse(Frame* frame);

  // What finish and its waiter share; stays valid after the frame was released.
  struct alignas(base::kCacheLine) Parking {
    base::Mutex mutex;
    base::CondVar changed;
  };
  Parking& ParkingOf(const Frame* frame) { return parking_[frame->index % parking_.size()]; }

 private:
  struct alignas(base::kCacheLine) FreeList {
    std::atomic<std::uint64_t> head{0};  // Upper half: tag against ABA; lower: index + 1, 0 = none.
  };
  using Chunk = std::array<Frame, kChunk>;

  Frame* At(std::uint32_t index) const;
  Frame* Pop(FreeList* list);
  void Push(FreeList* list, Frame* frame);
  Frame* Grow(std::uint32_t stripe);

  std::array<FreeList, base::kShards> free_;
  std::array<std::atomic<Chunk*>, kMaxFrames / kChunk> chunks_{};
  std::array<Parking, 16> parking_;
  base::Mutex grow_mutex_;
  std::vector<std::unique_ptr<Chunk>> owned_ STRATA_GUARDED_BY(grow_mutex_);
};

}  // namespace strata::host
