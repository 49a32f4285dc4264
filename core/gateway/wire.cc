#include "core/gateway/wire.h"

namespace strata::gateway {

bool WireReader::Next() {
  if (rest_.empty() || !ok_) return false;
  std::uint64_t tag = 0;
  ok_ = TakeVarint(&tag) && tag >> 3 != 0 && tag >> 3 <= 0x1fffffff;
  if (!ok_) return false;
  field_ = static_cast<std::uint32_t>(tag >> 3);
  number_ = 0;
  bytes_ = {};
  ok_ = TakeValue(static_cast<std::uint32_t>(tag & 7));
  return ok_;
}

bool WireReader::TakeValue(std::uint32_t wire_type) {
  switch (wire_type) {
    case 0:
      return TakeVarint(&number_);
    case 1:
      return TakeFixed(8);
    case 5:
      return TakeFixed(4);
    case 2: {
      std::uint64_t size = 0;
      if (!TakeVarint(&size) || size > rest_.size()) return false;
      bytes_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    default:  // groups are not used by any contract
      return false;
  }
}

bool WireReader::TakeVarint(std::uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    *value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool WireReader::TakeFixed(std::size_t size) {
  if (rest_.size() < size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    number_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return true;
}

}  // namespace strata::gateway
