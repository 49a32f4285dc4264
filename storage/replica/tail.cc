#include "storage/replica/tail.h"

#include <algorithm>
#include <string>
#include <utility>

namespace strata::storage::replica {
namespace {

namespace v1 = hosting::v1;

// A batch that cannot be made exact, since its keys change all the time, ends here.
constexpr std::size_t kMostBatchBytes = std::size_t{8} << 20;

class Carrier {
 public:
  Carrier(const Stores& stores, const Context& context, const TailOptions& options)
      : stores_(stores), context_(context), options_(options) {
    batch_.up_to = options.after;
  }

  // False when it is over; status() says how.
  bool Take(v1::WatchResponse& message) {
    std::uint64_t up_to = std::max(batch_.up_to, message.up_to_version());
    bool continues = false;
    for (const v1::CommitEvent& commit : message.commits()) {
      continues = commit.continues();
      if (!continues) up_to = std::max(up_to, commit.version());
      for (const v1::Change& change : commit.changes()) {
        newest_ = std::max(newest_, change.value_version());
      }
    }
    const bool moved = up_to != batch_.up_to;
    batch_.up_to = up_to;
    if (moved || message.commits_size() > 0) Keep(message);
    batch_.exact = newest_ <= batch_.up_to;
    if (continues) return true;
    if (!batch_.exact && bytes_ < kMostBatchBytes) return true;
    status_ = Apply();
    return status_.ok() && heard_;
  }

  // What was kept back because it is not exact: at the end of a tail that ends.
  Status Finish() {
    if (!status_.ok()) return status_;
    return batch_.messages.empty() || !heard_ ? OkStatus() : Apply();
  }
  const Status& status() const { return status_; }

 private:
  void Keep(v1::WatchResponse& message) {
    v1::IngestRequest& kept = batch_.messages.emplace_back();
    kept.mutable_commits()->Swap(message.mutable_commits());
    kept.set_up_to_version(batch_.up_to);
    kept.set_restart_feed(options_.restart_feed);
    bytes_ += kept.ByteSizeLong();
  }

  Status Apply() {
    if (!batch_.messages.empty()) {
      if (options_.prepare) STRATA_RETURN_IF_ERROR(options_.prepare(batch_));
      STRATA_RETURN_IF_ERROR(IngestAll(*stores_.target, context_, &batch_.messages));
    }
    if (options_.applied) heard_ = options_.applied(batch_);
    batch_.messages.clear();
    bytes_ = 0;
    return OkStatus();
  }

  const Stores& stores_;
  const Context& context_;
  const TailOptions& options_;
  TailBatch batch_;
  std::size_t bytes_ = 0;
  std::uint64_t newest_ = 0;  // version of any value so far
  bool heard_ = true;
  Status status_;
};

}  // namespace

Status IngestAll(const v1::HostingClient& target, const Context& context,
                 std::vector<v1::IngestRequest>* messages, v1::IngestResponse* response) {
  std::size_t next = 0;
  v1::IngestResponse unused;
  return target.Ingest(
      context,
      [&](v1::IngestRequest* message) {
        if (next == messages->size()) return false;
        message->Swap(&(*messages)[next++]);
        return true;
      },
      response == nullptr ? &unused : response);
}

Status CarryTail(const Stores& stores, const Context& context, const TailOptions& options) {
  if (options.after == 0) {
    // To Watch, 0 means the oldest commit that is kept, which need not be the first.
    v1::DescribeResponse described;
    STRATA_RETURN_IF_ERROR(stores.source->Describe(context, {}, &described));
    if (described.oldest_watch_version() > 0) {
      return OutOfRange("the source no longer has its first commits");
    }
  }
  v1::WatchRequest request;
  request.set_after_version(options.after);
  request.set_with_values(true);
  request.set_stop_at_end(options.stop_at_end);
  if (!options.before.empty()) request.mutable_range()->set_end(options.before);
  Carrier carrier(stores, context, options);
  const Status watched = stores.source->Watch(
      context, request, [&](v1::WatchResponse& message) { return carrier.Take(message); });
  if (options.target_failed != nullptr) *options.target_failed = !carrier.status().ok();
  if (!carrier.status().ok()) return carrier.status();
  STRATA_RETURN_IF_ERROR(watched);
  const Status finished = carrier.Finish();
  if (options.target_failed != nullptr) *options.target_failed = !finished.ok();
  return finished;
}

Result<bool> HasTail(const Stores& stores, const Context& context, std::uint64_t after) {
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(stores.target->Describe(context, {}, &described));
  v1::WatchRequest request;
  request.set_after_version(after);
  request.set_with_values(true);
  request.set_stop_at_end(true);
  bool has = false;
  Status status;
  const auto check = [&](std::uint64_t version, const v1::Change& change) {
    if (change.kind() != v1::Change::KIND_PUT || change.value_version() == 0) return true;
    v1::GetRequest get;
    get.add_keys(change.key());
    get.set_omit_values(true);
    v1::GetResponse found;
    status = stores.target->Get(context, get, &found);
    // A later one may have come since; an earlier one means that this commit never came.
    return status.ok() && found.entries(0).version() >= version;
  };
  const Status watched = stores.source->Watch(context, request, [&](v1::WatchResponse& message) {
    for (const v1::CommitEvent& commit : message.commits()) {
      // Its last commit is the source's too, and so are all before it.
      has = has || commit.version() == described.last_version();
      if (commit.version() > described.last_version()) return false;
      for (const v1::Change& change : commit.changes()) {
        if (check(commit.version(), change)) continue;
        has = false;
        return false;
      }
    }
    return true;
  });
  STRATA_RETURN_IF_ERROR(status);
  STRATA_RETURN_IF_ERROR(watched);
  return has;
}

}  // namespace strata::storage::replica
