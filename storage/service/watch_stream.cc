#include "storage/service/watch_stream.h"

#include <chrono>
#include <span>
#include <utility>

#include "storage/service/convert.h"

namespace strata::storage::service {
namespace {

namespace v1 = hosting::v1;

constexpr std::size_t kMessageBytes = 256 * 1024;
// With values one by one: a message is full after the first that makes it so.
constexpr std::size_t kChangesPerEvent = 256;
// How soon a cancelled call notices while it waits, and how often a quiet one gives a sign of life.
constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kSignOfLife = std::chrono::seconds(5);

v1::Change ToProto(const Change& change) {
  v1::Change out;
  out.set_key(change.key.data(), change.key.size());
  out.set_kind(static_cast<v1::Change::Kind>(change.kind));
  if (change.kind == MutationKind::kDeleteRange) {
    out.set_range_end(change.range_end.data(), change.range_end.size());
  }
  return out;
}

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
  std::span<const Change> rest = event.changes;
  while (!rest.empty()) {
    const std::vector<Change> now(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                   rest.size(), kChangesPerEvent)));
    rest = rest.subspan(now.size());
    v1::CommitEvent* out = response_.add_commits();
    out->set_version(event.version);
    out->set_committed_us(event.committed_us);
    out->set_continues(!rest.empty() || event.continues);
    if (request_->with_values()) {
      STRATA_RETURN_IF_ERROR(AddValues(now, out));
    } else {
      for (const Change& change : now) *out->add_changes() = ToProto(change);
    }
    bytes_ += out->ByteSizeLong();
    if (bytes_ >= kMessageBytes) STRATA_RETURN_IF_ERROR(Flush(up_to_));
  }
  return OkStatus();
}

Status WatchStream::AddValues(const std::vector<Change>& changes, v1::CommitEvent* out) {
  for (const Change& change : changes) {
    v1::Change* to = out->add_changes();
    *to = ToProto(change);
    if (change.kind != MutationKind::kPut) continue;
    const auto set = [to](std::size_t, Version version, std::string_view value) {
      to->set_value(value.data(), value.size());
      to->set_value_version(version);
    };
    STRATA_RETURN_IF_ERROR(engine_->Get(std::span(&change.key, 1), ReadOptions(), set).status());
    bytes_ += to->value().size();
    if (bytes_ < kMessageBytes || to == &out->changes(static_cast<int>(changes.size()) - 1))
      continue;
    // The message is full: the rest of the commit goes on in the next.
    const bool continues = out->continues();
    out->set_continues(true);
    v1::CommitEvent next;
    next.set_version(out->version());
    next.set_committed_us(out->committed_us());
    next.set_continues(continues);
    STRATA_RETURN_IF_ERROR(Flush(up_to_));
    out = response_.add_commits();
    *out = std::move(next);
  }
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
