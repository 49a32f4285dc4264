#pragma once

#include <span>

#include "core/base/status.h"
#include "storage/api/types.h"

namespace strata::storage {

// INVALID_ARGUMENT when the key is empty or too long.
Status ValidateKey(std::string_view key, const Limits& limits);
// INVALID_ARGUMENT when a key, value or stamp is outside the limits.
Status ValidateMutation(const Mutation& mutation, const Limits& limits);
// INVALID_ARGUMENT when any part of the request, or its sum, is. Mutations of `more` were validated
// when they went into their MutationSpool; here they only count.
Status ValidateCommit(const CommitRequest& request, const Limits& limits);
// INVALID_ARGUMENT when the parts do not fit together. What the sources give was validated when it
// went in; here it only counts.
Status ValidateIngest(const IngestRequest& request, const Limits& limits);
// INVALID_ARGUMENT when a key, a value, a version or the sum is outside the limits.
Status ValidateRewrite(std::span<const Replacement> rows, const Limits& limits);

// Bytes that count towards max_commit_bytes.
inline std::uint64_t MutationBytes(const Mutation& mutation) {
  return mutation.key.size() + mutation.value.size() + mutation.range_end.size();
}

// Whether a change touches the range.
bool Touches(const Change& change, const KeyRange& range);

// Replaces 8 bytes at `at` by the version, big-endian. The place has been validated.
void StampVersion(std::string* bytes, std::uint32_t at, Version version);

}  // namespace strata::storage
