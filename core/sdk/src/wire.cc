#include "core/sdk/src/wire.h"

#include <utility>

namespace strata::sdk {
namespace {

// More than this is not kept: a thread must not hold megabytes because of one large message.
constexpr std::size_t kKeepAtMost = 256 << 10;

struct Kept {
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t capacity = 0;
};
thread_local Kept kept;

}  // namespace

LargeBuffer::LargeBuffer(std::size_t size)
    : data_(std::move(kept.data)), capacity_(std::exchange(kept.capacity, 0)) {
  if (capacity_ >= size) return;
  data_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);
  capacity_ = size;
}

LargeBuffer::~LargeBuffer() {
  if (capacity_ > kKeepAtMost || capacity_ <= kept.capacity) return;
  kept.data = std::move(data_);
  kept.capacity = capacity_;
}

}  // namespace strata::sdk
