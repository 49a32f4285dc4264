#include "storage/service/watch_stream.h"

#include <chrono>
#include <span>
#include <utility>

#include "storage/service/convert.h"

namespace strata::storage::service {
namespace {

namespace v1 = hosting::v1;

constexpr std::size_t kMessageBytes = 256 * 1024;
constexpr std::size_t kChangeOverhead = 8;
// How soon a cancelled call notices while it waits, and how often a quiet one gives a sign of life.
constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kSignOfLife = std::chrono::seconds(5);

}  // namespace

Status CheckLive(const Context& context) {
  if (!context.Cancelled()) return OkStatus();
  if (std::chrono::steady_clock::now() >= context.Deadline()) {
    return DeadlineExceeded("the deadline has passed");
  }
  return Cancelled("the caller has cancelled");
}

WatchStream::WatchStream(Engine* engine, Context* context, const v1::WatchRequest* request,
                         Writer<v1::WatchResponse>* writer)
    : engine_(engine), context_(context), request_(request), writer_(writer) {}

Status WatchStream::Run() {
  FeedOptions options;
  options.after = request_->after_version();
  if (request_->has_range()) options.range = FromProto(request_->range());
  up_to_ = options.after;
  for (;;) {
    STRATA_RETURN_IF_ERROR(CheckLive(*context_));
    STRATA_ASSIGN_OR_RETURN(
        const FeedPosition position,
        engine_->ReadFeed(options, [this](const CommitEvent& event) { return Add(event); }));
    const bool moved = position.up_to != up_to_;
    options.after = position.up_to;
    if (moved || response_.commits_size() > 0) STRATA_RETURN_IF_ERROR(Flush(position.up_to));
    if (!position.at_end) continue;
    if (request_->stop_at_end()) return moved ? OkStatus() : Flush(position.up_to);
    STRATA_RETURN_IF_ERROR(Wait());
  }
}

Status WatchStream::Wait() {
  const auto sign_at = std::chrono::steady_clock::now() + kSignOfLife;
  while (engine_->WaitForCommit(up_to_, kPoll) <= up_to_) {
    STRATA_RETURN_IF_ERROR(CheckLive(*context_));
    if (std::chrono::steady_clock::now() >= sign_at) return Flush(up_to_);
  }
  return OkStatus();
}

Status WatchStream::Add(const CommitEvent& event) {
  v1::CommitEvent* out = BeginEvent(event);
  for (std::size_t i = 0; i < event.changes.size(); ++i) {
    if (bytes_ >= kMessageBytes && i > 0) {
      // The message is full: the rest of the commit goes on in the next.
      out->set_continues(true);
      STRATA_RETURN_IF_ERROR(Flush(up_to_));
      out = BeginEvent(event);
    }
    STRATA_RETURN_IF_ERROR(AddChange(event.changes[i], out->add_changes()));
  }
  out->set_continues(event.continues);
  return bytes_ < kMessageBytes ? OkStatus() : Flush(up_to_);
}

v1::CommitEvent* WatchStream::BeginEvent(const CommitEvent& event) {
  v1::CommitEvent* out = response_.add_commits();
  out->set_version(event.version);
  out->set_committed_us(event.committed_us);
  return out;
}

Status WatchStream::AddChange(const Change& change, v1::Change* out) {
  out->set_key(change.key.data(), change.key.size());
  out->set_kind(static_cast<v1::Change::Kind>(change.kind));
  if (change.kind == MutationKind::kDeleteRange) {
    out->set_range_end(change.range_end.data(), change.range_end.size());
  }
  if (change.kind == MutationKind::kPut && request_->with_values()) {
    const auto set = [out](std::size_t, Version version, std::string_view value) {
      out->set_value(value.data(), value.size());
      out->set_value_version(version);
    };
    STRATA_RETURN_IF_ERROR(engine_->Get(std::span(&change.key, 1), ReadOptions(), set).status());
  }
  bytes_ += out->ByteSizeLong() + kChangeOverhead;
  return OkStatus();
}

Status WatchStream::Flush(Version up_to) {
  up_to_ = up_to;
  response_.set_up_to_version(up_to);
  const bool heard = writer_->Write(response_);
  response_.Clear();
  bytes_ = 0;
  return heard ? OkStatus() : Cancelled("the client is gone");
}

}  // namespace strata::storage::service
