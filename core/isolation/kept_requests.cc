#include "core/isolation/kept_requests.h"

#include <utility>

#include "core/isolation/remote_descriptor.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {

bool KeptRoom::Take(std::size_t bytes) {
  std::size_t left = left_.load();
  while (left >= bytes) {
    if (left_.compare_exchange_weak(left, left - bytes)) return true;
  }
  return false;
}

strata_code KeptRequests::Next(strata_bytes* out) {
  if (next_ < kept_.size()) {
    *out = abi::Bytes(kept_[next_++]);
    return STRATA_OK;
  }
  if (end_ != STRATA_OK) return end_;
  const strata_code code = c_.ops->read(&c_, out);
  if (code != STRATA_OK) {
    end_ = code;
  } else if (whole_) {
    Keep(abi::View(*out));
  }
  return code;
}

void KeptRequests::Keep(std::string_view request) {
  const bool named = !kept_.empty() || HasField(request, request_id_field_);
  if (named && HasRoomFor(request.size())) {
    kept_.emplace_back(request);
    next_ = kept_.size();
  } else {
    whole_ = false;
    Drop();
  }
}

bool KeptRequests::HasRoomFor(std::size_t bytes) {
  if (own_bytes_ + bytes <= kOwnBytes) {
    own_bytes_ += bytes;
    return true;
  }
  if (shared_ == nullptr || !shared_->Take(bytes)) return false;
  shared_bytes_ += bytes;
  return true;
}

void KeptRequests::Drop() {
  kept_.clear();
  next_ = 0;
  if (shared_bytes_ != 0) shared_->Give(std::exchange(shared_bytes_, 0));
}

}  // namespace strata::isolation
