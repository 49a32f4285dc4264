#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "core/trial/feed.h"
#include "core/trial/shadow_tap.h"
#include "core/trial/transfer.h"
#include "core/trial/write_log.h"
#include "strata/hosting/v1/hosting.pb.h"

namespace strata::trial {
namespace {

namespace v1 = hosting::v1;

constexpr std::string_view kService = "/strata.hosting.v1.Hosting/";
constexpr std::chrono::hours kFillTimeout{24};
constexpr std::chrono::minutes kFollowTimeout{5};
constexpr std::size_t kReadAhead = 512;
constexpr std::size_t kMessageBytes = std::size_t{1} << 20;

class HostingFeed final : public Feed {
 public:
  explicit HostingFeed(FeedEnds ends) : ends_(std::move(ends)) {}

  Status Fill() override {
    StackCall from = Call(ends_.live_slot, "Backup", kFillTimeout);
    from.requests.push_back(v1::BackupRequest().SerializeAsString());
    StackCall to = Call(ends_.side_slot, "Restore", kFillTimeout);
    to.on_response = [this](std::string_view message) {
      v1::RestoreResponse response;
      response.ParseFromArray(message.data(), static_cast<int>(message.size()));
      after_ = response.last_version();
      return true;
    };
    return Transfer(ends_.live, std::move(from), ends_.side, std::move(to),
                    [](std::string_view message, std::string* out) {
                      v1::BackupResponse piece;
                      piece.ParseFromArray(message.data(), static_cast<int>(message.size()));
                      v1::RestoreRequest request;
                      request.set_data(std::move(*piece.mutable_data()));
                      *out = request.SerializeAsString();
                      return true;
                    });
  }

  Status Follow(const Gate& gate) override {
    const ShadowTap::Aside aside;
    STRATA_RETURN_IF_ERROR(Commit());  // What could not be sent the last time.
    bool read = true;
    while (true) {
      STRATA_RETURN_IF_ERROR(Apply(gate));
      if (!pending_.empty() || !read) break;
      STRATA_ASSIGN_OR_RETURN(read, Read());
    }
    return ahead_.empty() ? OkStatus() : Unavailable("rows have values of later commits");
  }

  // Versions of what was written since the copy are the candidate's own.
  bool Excuses(std::string_view path) const override { return path.ends_with("version"); }

 private:
  StackCall Call(const std::string& slot, std::string_view method,
                 std::chrono::milliseconds timeout) const {
    StackCall out;
    out.slot = slot;
    out.method = std::string(kService).append(method);
    out.timeout = timeout;
    out.cancelled = [this] { return ends_.stop.load(); };
    return out;
  }

  // The next commits into `pending_`; false: there was nothing new.
  Result<bool> Read() {
    v1::WatchRequest request;
    request.set_after_version(after_);
    request.set_with_values(true);
    request.set_stop_at_end(true);
    StackCall watch = Call(ends_.live_slot, "Watch", kFollowTimeout);
    watch.requests.push_back(request.SerializeAsString());
    bool enough = false;
    watch.on_response = [&](std::string_view message) {
      v1::WatchResponse response;
      response.ParseFromArray(message.data(), static_cast<int>(message.size()));
      bool whole = true;
      for (v1::CommitEvent& event : *response.mutable_commits()) {
        whole = !event.continues();
        pending_.push_back(std::move(event));
      }
      after_ = std::max(after_, response.up_to_version());
      enough = whole && response.up_to_version() != 0 && pending_.size() >= kReadAhead;
      return !enough;
    };
    const Status watched = CallStack(ends_.live, watch);
    if (!watched.ok() && !enough) return watched;
    return !pending_.empty();
  }

  // What is pending, as far as the gate lets it.
  Status Apply(const Gate& gate) {
    std::size_t bytes = 0;
    while (!pending_.empty() && gate(ChangeOfCommit(pending_.front().version()))) {
      bytes += pending_.front().ByteSizeLong();
      for (v1::Change& change : *pending_.front().mutable_changes()) {
        Add(change, pending_.front().version(), unsent_.add_mutations());
      }
      pending_.pop_front();
      if (bytes < kMessageBytes) continue;
      STRATA_RETURN_IF_ERROR(Commit());
      bytes = 0;
    }
    return Commit();
  }

  // Doing it twice does no harm.
  Status Commit() {
    if (unsent_.mutations_size() == 0) return OkStatus();
    StackCall call = Call(ends_.side_slot, "Commit", kFollowTimeout);
    call.requests.push_back(unsent_.SerializeAsString());
    STRATA_RETURN_IF_ERROR(CallStack(ends_.side, call));
    unsent_.Clear();
    return OkStatus();
  }

  // Watch sends a value as it is by then: a row may get that of a later commit, or none.
  void Add(v1::Change& change, std::uint64_t version, v1::Mutation* to) {
    switch (change.kind()) {
      case v1::Change::KIND_DELETE:
        ahead_.erase(change.key());
        to->set_delete_key(std::move(*change.mutable_key()));
        break;
      case v1::Change::KIND_DELETE_RANGE:
        ahead_.erase(
            ahead_.lower_bound(change.key()),
            change.range_end().empty() ? ahead_.end() : ahead_.lower_bound(change.range_end()));
        to->mutable_delete_range()->set_begin(std::move(*change.mutable_key()));
        to->mutable_delete_range()->set_end(std::move(*change.mutable_range_end()));
        break;
      default:
        if (change.value_version() == version) {
          ahead_.erase(change.key());
        } else {
          ahead_.insert(change.key());
        }
        if (change.value_version() == 0) {
          to->set_delete_key(std::move(*change.mutable_key()));
          break;
        }
        to->mutable_put()->set_key(std::move(*change.mutable_key()));
        to->mutable_put()->set_value(std::move(*change.mutable_value()));
    }
  }

  const FeedEnds ends_;
  std::uint64_t after_ = 0;  // Behind what is pending.
  std::deque<v1::CommitEvent> pending_;
  v1::CommitRequest unsent_;                  // Past the gate.
  std::set<std::string, std::less<>> ahead_;  // Keys whose value a commit to come has made.
};

}  // namespace

std::unique_ptr<Feed> MakeHostingFeed(FeedEnds ends) {
  return std::make_unique<HostingFeed>(std::move(ends));
}

}  // namespace strata::trial
