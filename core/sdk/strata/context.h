#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/abi.h"
#include "strata/cancel.h"

namespace strata {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// The call being served, or a piece of background work. A handler gets one and gives it to every
// client that it calls, so deadline, identity, trace and cancellation follow the request by
// themselves. A handler's context is valid until the handler returns. Thread-safe, but for
// SetTrailer (one thread at a time).
class Context final {
 public:
  // Of a handler: made by the SDK.
  explicit Context(strata_call* call)
      : call_(call),
        deadline_us_(call->deadline_us),
        metadata_(call->metadata),
        metadata_count_(call->metadata_count) {}

  // Of work that no request asked for: ends at the timeout or when `source` is cancelled.
  static Context Background(std::chrono::microseconds timeout, CancelSource* source = nullptr);

  // The same call with an earlier deadline; a later one changes nothing.
  Context WithTimeout(std::chrono::microseconds timeout) const;
  // The same call sending other metadata; borrows `entries` (keys in lower case).
  Context WithMetadata(const strata_kv* entries, std::size_t count) const;
  // The same call; the trailers of what it calls are appended to `out`.
  Context WithTrailers(Metadata* out) const;

  // Nobody waits for the answer any more, or the deadline has passed. Poll it in loops.
  bool Cancelled() const;

  // time_point::max() = none.
  std::chrono::steady_clock::time_point Deadline() const { return abi::FromUs(deadline_us_); }

  // Serialized strata.common.v1.AuthContext, set by the core; empty for background work.
  std::string_view Auth() const {
    return call_ != nullptr ? abi::View(call_->auth) : std::string_view();
  }

  // Value of a request header (lower-case key), or nothing.
  std::optional<std::string_view> MetadataValue(std::string_view key) const;

  // Adds a response trailer. Keys "strata-*" and "grpc-*" are reserved.
  void SetTrailer(std::string_view key, std::string_view value);

  // For the SDK's client and CancelCallback.
  strata_call* call() const { return call_; }
  std::int64_t deadline_us() const { return deadline_us_; }
  const strata_kv* metadata() const { return metadata_; }
  std::size_t metadata_count() const { return metadata_count_; }
  Metadata* trailers() const { return trailers_; }
  std::uint64_t AddCancelCallback(void (*fn)(void*), void* arg) const;
  void RemoveCancelCallback(std::uint64_t id) const;

 private:
  Context() = default;

  strata_call* call_ = nullptr;
  CancelSource* source_ = nullptr;
  std::int64_t deadline_us_ = 0;
  const strata_kv* metadata_ = nullptr;
  std::size_t metadata_count_ = 0;
  Metadata* trailers_ = nullptr;
};

// Runs `fn` when the call is cancelled, as long as this object lives (like std::stop_callback):
//   CancelCallback wake(cx, [&] { queue.Close(); });
// fn may run on any thread, at once if the call is cancelled already; the destructor waits for it.
template <typename F>
class CancelCallback final {
 public:
  CancelCallback(const Context& cx, F fn) : cx_(cx), fn_(std::move(fn)) {
    id_ =
        cx_.AddCancelCallback([](void* self) { static_cast<CancelCallback*>(self)->fn_(); }, this);
    if (id_ == 0 && cx_.Cancelled()) fn_();
  }
  ~CancelCallback() { cx_.RemoveCancelCallback(id_); }
  CancelCallback(const CancelCallback&) = delete;
  CancelCallback& operator=(const CancelCallback&) = delete;

 private:
  const Context& cx_;
  F fn_;
  std::uint64_t id_;
};

}  // namespace strata
