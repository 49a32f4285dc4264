#include "storage/api/validate.h"

namespace strata::storage {
namespace {

constexpr std::size_t kStampBytes = 8;

Status ValidateRange(std::string_view begin, std::string_view end, const Limits& limits) {
  if (begin.size() > limits.max_key_bytes || end.size() > limits.max_key_bytes) {
    return InvalidArgument("a bound of a range is longer than max_key_bytes");
  }
  return OkStatus();
}

Status ValidateStamp(const std::optional<std::uint32_t>& at, std::size_t size) {
  if (at && (size < kStampBytes || *at > size - kStampBytes)) {
    return InvalidArgument("a versionstamp needs 8 bytes within the key or value");
  }
  return OkStatus();
}

Status ValidatePrecondition(const Precondition& precondition, const Limits& limits) {
  if (precondition.kind == Precondition::Kind::kRangeEmpty) {
    return ValidateRange(precondition.key, precondition.range_end, limits);
  }
  if (precondition.kind == Precondition::Kind::kKeyAtVersion && precondition.version == 0) {
    return InvalidArgument("key_at_version needs a version; key_absent asks for absence");
  }
  return ValidateKey(precondition.key, limits);
}

}  // namespace

Status ValidateKey(std::string_view key, const Limits& limits) {
  if (key.empty()) return InvalidArgument("a key is empty");
  if (key.size() > limits.max_key_bytes) {
    return InvalidArgument("a key has " + std::to_string(key.size()) + " bytes, max_key_bytes is " +
                           std::to_string(limits.max_key_bytes));
  }
  return OkStatus();
}

Status ValidateMutation(const Mutation& mutation, const Limits& limits) {
  if (mutation.kind == MutationKind::kDeleteRange) {
    return ValidateRange(mutation.key, mutation.range_end, limits);
  }
  STRATA_RETURN_IF_ERROR(ValidateKey(mutation.key, limits));
  if (mutation.value.size() > limits.max_value_bytes) {
    return InvalidArgument("a value has " + std::to_string(mutation.value.size()) +
                           " bytes, max_value_bytes is " + std::to_string(limits.max_value_bytes));
  }
  STRATA_RETURN_IF_ERROR(ValidateStamp(mutation.stamp_key_at, mutation.key.size()));
  return ValidateStamp(mutation.stamp_value_at, mutation.value.size());
}

Status ValidateCommit(const CommitRequest& request, const Limits& limits) {
  if (request.request_id.size() > limits.max_request_id_bytes) {
    return InvalidArgument("the request_id is longer than " +
                           std::to_string(limits.max_request_id_bytes) + " bytes");
  }
  if (request.preconditions.size() > limits.max_preconditions) {
    return InvalidArgument("the commit has more than " + std::to_string(limits.max_preconditions) +
                           " preconditions");
  }
  for (const Precondition& precondition : request.preconditions) {
    STRATA_RETURN_IF_ERROR(ValidatePrecondition(precondition, limits));
  }
  std::uint64_t bytes = request.more == nullptr ? 0 : request.more->SizeBytes();
  for (const Mutation& mutation : request.mutations) {
    STRATA_RETURN_IF_ERROR(ValidateMutation(mutation, limits));
    bytes += MutationBytes(mutation);
  }
  if (bytes > limits.max_commit_bytes) {
    return InvalidArgument("the commit has " + std::to_string(bytes) +
                           " bytes, max_commit_bytes is " +
                           std::to_string(limits.max_commit_bytes));
  }
  return OkStatus();
}

Status ValidateIngest(const IngestRequest& request, const Limits& limits) {
  const bool cursor_only =
      request.cursor && request.rows == nullptr && request.commits.empty() && !request.restart_feed;
  if (request.up_to == 0 && !cursor_only) {
    return InvalidArgument("an Ingest needs the version it goes up to");
  }
  if (request.rows != nullptr && !request.restart_feed) {
    return InvalidArgument("rows can be ingested only where the feed begins anew");
  }
  if (request.cursor && request.cursor->size() > limits.max_cursor_bytes) {
    return InvalidArgument("the cursor is longer than " + std::to_string(limits.max_cursor_bytes) +
                           " bytes");
  }
  std::uint64_t bytes = request.rows == nullptr ? 0 : request.rows->SizeBytes();
  Version before = 0;
  for (const IngestCommit& commit : request.commits) {
    if (commit.version <= before || commit.version > request.up_to) {
      return InvalidArgument("the commits of an Ingest are not in order, or not all up to its end");
    }
    before = commit.version;
    bytes += commit.changes->SizeBytes();
  }
  if (bytes > limits.max_commit_bytes) {
    return InvalidArgument("the Ingest has " + std::to_string(bytes) +
                           " bytes, max_commit_bytes is " +
                           std::to_string(limits.max_commit_bytes));
  }
  return OkStatus();
}

Status ValidateRewrite(std::span<const Replacement> rows, const Limits& limits) {
  std::uint64_t bytes = 0;
  for (const Replacement& row : rows) {
    STRATA_RETURN_IF_ERROR(ValidateKey(row.key, limits));
    if (row.version == 0) return InvalidArgument("a row to be rewritten has no version");
    if (row.value.size() > limits.max_value_bytes) {
      return InvalidArgument("a value is longer than max_value_bytes");
    }
    bytes += row.key.size() + row.value.size();
  }
  if (bytes > limits.max_commit_bytes) {
    return InvalidArgument("the Rewrite is larger than max_commit_bytes");
  }
  return OkStatus();
}

bool Touches(const Change& change, const KeyRange& range) {
  const bool begins_before_end = range.end.empty() || change.key < range.end;
  if (change.kind != MutationKind::kDeleteRange) {
    return begins_before_end && change.key >= range.begin;
  }
  return begins_before_end && (change.range_end.empty() || change.range_end > range.begin);
}

void StampVersion(std::string* bytes, std::uint32_t at, Version version) {
  for (std::size_t i = 0; i < kStampBytes; ++i) {
    (*bytes)[at + i] = static_cast<char>(version >> (8 * (kStampBytes - 1 - i)));
  }
}

}  // namespace strata::storage
