#include "storage/service/streamed_ingest.h"

#include <algorithm>
#include <utility>

#include "core/base/rows.h"

namespace strata::storage::service {
namespace {

namespace v1 = hosting::v1;

// Of each commit; there may be many in one call.
constexpr std::size_t kCommitMemory = std::size_t{1} << 20;

}  // namespace

StreamedIngest::Commit::Commit(const v1::CommitEvent& event, const std::string& folder,
                               const Limits& limits)
    : version(event.version()),
      committed_us(event.committed_us()),
      changes(folder, limits, kCommitMemory) {}

StreamedIngest::StreamedIngest(std::string folder, const Limits& limits)
    : folder_(std::move(folder)), limits_(limits), rows_(folder_, limits_) {}

Status StreamedIngest::Add(const v1::IngestRequest& message) {
  up_to_ = std::max(up_to_, message.up_to_version());
  restart_feed_ = restart_feed_ || message.restart_feed();
  if (message.has_cursor()) cursor_ = message.cursor();
  if (message.has_range()) {
    Mutation replaced;
    replaced.kind = MutationKind::kDeleteRange;
    replaced.key = message.range().begin();
    replaced.range_end = message.range().end();
    replaced.version = kAnyVersion;
    STRATA_RETURN_IF_ERROR(rows_.Add(replaced));
  }
  STRATA_RETURN_IF_ERROR(AddRows(message.rows()));
  // One message is bounded by the transport: the sum is checked in time after each.
  bytes_ += message.ByteSizeLong();
  if (bytes_ > limits_.max_commit_bytes + limits_.max_commit_bytes / 4) {
    return InvalidArgument("the Ingest is larger than max_commit_bytes");
  }
  for (const v1::CommitEvent& event : message.commits()) STRATA_RETURN_IF_ERROR(AddCommit(event));
  return OkStatus();
}

Status StreamedIngest::AddRows(const std::string& rows) {
  RowReader reader(rows);
  for (Row row; reader.Next(&row);) {
    if (row.version == 0) return InvalidArgument("a row that is ingested has no version");
    Mutation put;
    put.key = row.key;
    put.value = row.value;
    put.version = row.version;
    STRATA_RETURN_IF_ERROR(rows_.Add(put));
  }
  return reader.ok() ? OkStatus() : InvalidArgument("what is ingested is not packed rows");
}

Status StreamedIngest::AddCommit(const v1::CommitEvent& event) {
  if (!continues_) {
    if (event.version() == 0) return InvalidArgument("a commit that is ingested has no version");
    commits_.emplace_back(event, folder_, limits_);
  } else if (commits_.back().version != event.version()) {
    return InvalidArgument("a commit that continues was not completed");
  }
  continues_ = event.continues();
  for (const v1::Change& change : event.changes()) {
    STRATA_RETURN_IF_ERROR(AddChange(change, &commits_.back().changes));
  }
  return OkStatus();
}

Status StreamedIngest::AddChange(const v1::Change& change, MutationSpool* changes) {
  Mutation mutation;
  mutation.key = change.key();
  switch (change.kind()) {
    case v1::Change::KIND_PUT:
      // Without a version it is a row that a later commit has deleted again.
      mutation.kind = change.value_version() == 0 ? MutationKind::kDelete : MutationKind::kPut;
      mutation.value = change.value();
      mutation.version = change.value_version();
      return changes->Add(mutation);
    case v1::Change::KIND_DELETE:
      mutation.kind = MutationKind::kDelete;
      return changes->Add(mutation);
    case v1::Change::KIND_DELETE_RANGE:
      mutation.kind = MutationKind::kDeleteRange;
      mutation.range_end = change.range_end();
      return changes->Add(mutation);
    default:
      return InvalidArgument("a change is of a kind that this store does not know");
  }
}

Result<IngestRequest> StreamedIngest::ToRequest() {
  if (continues_) return InvalidArgument("a commit that continues was not completed");
  IngestRequest request;
  if (!rows_.empty()) request.rows = &rows_;
  request.commits.reserve(commits_.size());
  for (Commit& commit : commits_) {
    request.commits.push_back({commit.version, commit.committed_us, &commit.changes});
  }
  request.up_to = up_to_;
  request.restart_feed = restart_feed_;
  if (cursor_) request.cursor = *cursor_;
  return request;
}

}  // namespace strata::storage::service
