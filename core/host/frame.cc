#include "core/host/frame.h"

#include <type_traits>
#include <utility>

#include "core/base/ids.h"

namespace strata::host {

// A reference is nonce * 2^16 + index; the nonce counts up from a random number, so that neither an
// old nor an invented reference is likely to be valid.
namespace {
constexpr int kIndexBits = 16;
static_assert(FramePool::kMaxFrames == 1u << kIndexBits);
}  // namespace

FramePool::FramePool() = default;
FramePool::~FramePool() = default;

Frame* FramePool::At(std::uint32_t index) const {
  Chunk* const chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
  return chunk != nullptr ? &(*chunk)[index % kChunk] : nullptr;
}

Frame* FramePool::Pop(FreeList* list) {
  std::uint64_t head = list->head.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(head) != 0) {
    Frame* const frame = At(static_cast<std::uint32_t>(head) - 1);
    const std::uint64_t next =
        (((head >> 32) + 1) << 32) | frame->next_free.load(std::memory_order_relaxed);
    if (list->head.compare_exchange_weak(head, next, std::memory_order_acq_rel)) return frame;
  }
  return nullptr;
}

void FramePool::Push(FreeList* list, Frame* frame) {
  std::uint64_t head = list->head.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    frame->next_free.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    next = (((head >> 32) + 1) << 32) | (frame->index + 1);
  } while (!list->head.compare_exchange_weak(head, next, std::memory_order_acq_rel));
}

Frame* FramePool::Grow(std::uint32_t stripe) {
  const base::MutexLock lock(grow_mutex_);
  const auto chunk_number = static_cast<std::uint32_t>(owned_.size());
  if (chunk_number == chunks_.size()) return nullptr;
  owned_.push_back(std::make_unique<Chunk>());
  Chunk& chunk = *owned_.back();
  for (std::uint32_t i = 0; i < kChunk; ++i) {
    chunk[i].index = chunk_number * kChunk + i;
    chunk[i].stripe = stripe;
    chunk[i].pool = this;
    chunk[i].nonce = base::RandomId() >> (kIndexBits + 1);
  }
  chunks_[chunk_number].store(&chunk, std::memory_order_release);
  for (std::uint32_t i = 1; i < kChunk; ++i) Push(&free_[stripe], &chunk[i]);
  return chunk.data();
}

Frame* FramePool::Acquire() {
  const auto stripe = static_cast<std::uint32_t>(base::ThreadNumber() % free_.size());
  Frame* frame = Pop(&free_[stripe]);
  if (frame == nullptr) frame = Grow(stripe);
  for (std::size_t other = 0; frame == nullptr && other < free_.size(); ++other) {
    frame = Pop(&free_[other]);
  }
  if (frame == nullptr) return nullptr;
  frame->finished = false;
  frame->hooked.store(false, std::memory_order_relaxed);
  frame->outer_hook = 0;
  ++frame->nonce;
  frame->ref.store((frame->nonce << kIndexBits) | frame->index, std::memory_order_relaxed);
  return frame;
}

void FramePool::Release(Frame* frame) {
  frame->ref.store(0);
  if (frame->children.load() != 0) {  // Dekker pair with Use.
    Parking& parking = ParkingOf(frame);
    const base::MutexLock lock(parking.mutex);
    while (frame->children.load() != 0) parking.changed.Wait(parking.mutex);
  }
  Push(&free_[frame->stripe], frame);
}

Frame* FramePool::Use(std::uint64_t ref) {
  Frame* const frame = At(static_cast<std::uint32_t>(ref & (kMaxFrames - 1)));
  if (frame == nullptr || ref == 0) return nullptr;
  frame->children.fetch_add(1);
  if (frame->ref.load() == ref) return frame;
  Unuse(frame);
  return nullptr;
}

void FramePool::Unuse(Frame* frame) {
  frame->children.fetch_sub(1);
  if (frame->ref.load() != 0) return;  // Served still: nobody waits for its children.
  Parking& parking = ParkingOf(frame);
  const base::MutexLock lock(parking.mutex);
  parking.changed.NotifyAll();  // Under the lock: who waits may end the stack.
}

static_assert(std::is_standard_layout_v<strata_call>);

}  // namespace strata::host
