#include "strata/context.h"

#include <algorithm>

namespace strata {

Context Context::Background(std::chrono::microseconds timeout, CancelSource* source) {
  Context cx;
  cx.source_ = source;
  cx.deadline_us_ = abi::MonotonicUs() + timeout.count();
  return cx;
}

Context Context::WithTimeout(std::chrono::microseconds timeout) const {
  Context cx = *this;
  const std::int64_t wanted = abi::MonotonicUs() + timeout.count();
  cx.deadline_us_ = deadline_us_ == 0 ? wanted : std::min(deadline_us_, wanted);
  return cx;
}

Context Context::WithMetadata(const strata_kv* entries, std::size_t count) const {
  Context cx = *this;
  cx.metadata_ = entries;
  cx.metadata_count_ = count;
  return cx;
}

Context Context::WithTrailers(Metadata* out) const {
  Context cx = *this;
  cx.trailers_ = out;
  return cx;
}

bool Context::Cancelled() const {
  if (deadline_us_ != 0 && abi::MonotonicUs() >= deadline_us_) return true;
  if (source_ != nullptr && source_->cancelled()) return true;
  return call_ != nullptr && call_->ops->cancelled(call_) != 0;
}

std::optional<std::string_view> Context::MetadataValue(std::string_view key) const {
  for (std::size_t i = 0; i < metadata_count_; ++i) {
    if (abi::View(metadata_[i].key) == key) return abi::View(metadata_[i].value);
  }
  return std::nullopt;
}

void Context::SetTrailer(std::string_view key, std::string_view value) {
  if (call_ == nullptr) return;
  const strata_kv kv{abi::Str(key), abi::Bytes(value)};
  call_->ops->set_trailer(call_, &kv);
}

std::uint64_t Context::AddCancelCallback(void (*fn)(void*), void* arg) const {
  if (call_ != nullptr) return call_->ops->on_cancel(call_, fn, arg);
  return source_ != nullptr ? source_->Add(fn, arg) : 0;
}

void Context::RemoveCancelCallback(std::uint64_t id) const {
  if (id == 0) return;
  if (call_ != nullptr) return call_->ops->off_cancel(call_, id);
  if (source_ != nullptr) source_->Remove(id);
}

}  // namespace strata
