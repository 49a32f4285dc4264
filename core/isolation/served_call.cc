#include "core/isolation/served_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

constexpr std::size_t kMaxQueued = 64;
constexpr std::size_t kMaxQueuedBytes = std::size_t{1} << 20;

std::int64_t DeadlineUs(const grpc::GenericCallbackServerContext& context) {
  using Clock = std::chrono::system_clock;
  using std::chrono::microseconds;
  const Clock::time_point deadline = context.deadline();
  if (deadline == Clock::time_point::max()) return 0;
  const auto left = std::chrono::duration_cast<microseconds>(deadline - Clock::now());
  constexpr microseconds kForever = std::chrono::hours(24 * 365);
  return left > kForever ? 0 : std::max<std::int64_t>(abi::MonotonicUs() + left.count(), 1);
}

}  // namespace

ServedCall::ServedCall(grpc::GenericCallbackServerContext* context,
                       std::function<bool(ServedCall*)> submit, std::function<void()> gone)
    : context_(*context),
      submit_(std::move(submit)),
      gone_callback_(std::move(gone)),
      method_(context->method()),
      deadline_us_(DeadlineUs(*context)) {}

ServedCall::~ServedCall() { gone_callback_(); }

std::string_view ServedCall::Header(std::string_view key) const {
  const auto& all = context_.client_metadata();
  const auto found = all.find(grpc::string_ref(key.data(), key.size()));
  return found == all.end() ? std::string_view()
                            : std::string_view(found->second.data(), found->second.size());
}

void ServedCall::Begin(bool one_request) {
  if (one_request) {
    {
      const base::MutexLock lock(mutex_);
      reading_ = true;
    }
    StartRead(&incoming_);
    return;
  }
  {
    const base::MutexLock lock(mutex_);
    submitted_ = true;
  }
  if (!submit_(this)) Refuse(ResourceExhausted("too many calls at this time"));
}

void ServedCall::Refuse(const Status& status) { End(status, nullptr); }

bool ServedCall::Cancelled() const {
  return cancel_.cancelled() || (deadline_us_ != 0 && abi::MonotonicUs() >= deadline_us_);
}

void ServedCall::OnReadDone(bool ok) {
  bool submit = false;
  bool refuse = false;
  {
    const base::MutexLock lock(mutex_);
    reading_ = false;
    if (ok) {
      received_ = std::move(incoming_);
      incoming_ = grpc::ByteBuffer();
    } else {
      read_end_ = true;
    }
    submit = ok && !submitted_;
    refuse = !ok && !submitted_;
    submitted_ = true;
    changed_.NotifyAll();
  }
  if (submit && !submit_(this)) Refuse(ResourceExhausted("too many calls at this time"));
  if (refuse) Refuse(InvalidArgument("the call carries no request message"));
}

void ServedCall::OnWriteDone(bool ok) {
  {
    const base::MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {
      gone_ = true;
      outgoing_.clear();
    }
    changed_.NotifyAll();
  }
  Pump();
}

void ServedCall::OnCancel() {
  {
    const base::MutexLock lock(mutex_);
    gone_ = true;
    outgoing_.clear();
    changed_.NotifyAll();
  }
  cancel_.Cancel();
}

void ServedCall::OnDone() { delete this; }

bool ServedCall::Read(std::string_view* out) {
  bool start = false;
  {
    const base::MutexLock lock(mutex_);
    start = !received_ && !reading_ && !read_end_ && !gone_;
    reading_ = reading_ || start;
  }
  if (start) StartRead(&incoming_);
  const base::MutexLock lock(mutex_);
  while (!received_ && !read_end_ && !gone_) changed_.Wait(mutex_);
  if (!received_) return false;
  current_ = ToSlice(*received_);
  received_.reset();
  *out = View(current_);
  return true;
}

bool ServedCall::Write(grpc::ByteBuffer message) {
  bool pump = false;
  {
    const base::MutexLock lock(mutex_);
    while (!gone_ && !hold_ &&
           (outgoing_.size() >= kMaxQueued || outgoing_bytes_ >= kMaxQueuedBytes)) {
      changed_.Wait(mutex_);
    }
    if (gone_) return false;
    outgoing_bytes_ += message.Length();
    outgoing_.push_back(std::move(message));
    pump = !hold_ || outgoing_.size() > 1;
  }
  if (pump) Pump();
  return true;
}

void ServedCall::HoldResponse() {
  const base::MutexLock lock(mutex_);
  hold_ = true;
}

void ServedCall::End(const Status& status, const std::string* end) {
  if (end != nullptr) context_.AddTrailingMetadata(kEndKey, *end);
  {
    const base::MutexLock lock(mutex_);
    if (gone_) outgoing_.clear();
    end_ = grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                        status.details());
  }
  Pump();
}

// After the end was started nothing of this object may be touched: gRPC deletes it.
void ServedCall::Pump() {
  std::optional<grpc::Status> end;
  bool last_write = false;
  {
    const base::MutexLock lock(mutex_);
    if (writing_ || finished_) return;
    if (!outgoing_.empty()) {
      outgoing_now_ = std::move(outgoing_.front());
      outgoing_.pop_front();
      outgoing_bytes_ -= outgoing_now_.Length();
      last_write = end_ && outgoing_.empty();
      writing_ = true;
      finished_ = last_write;
      end = last_write ? end_ : std::nullopt;
      changed_.NotifyAll();
    } else if (end_) {
      finished_ = true;
      end = end_;
    } else {
      return;
    }
  }
  if (last_write) {
    StartWriteAndFinish(&outgoing_now_, grpc::WriteOptions(), *end);
  } else if (end) {
    Finish(*end);
  } else {
    StartWrite(&outgoing_now_);
  }
}

}  // namespace strata::isolation
