#pragma once

#include <cstdint>
#include <functional>

#include "core/base/status.h"
#include "storage/replica/digest.h"
#include "storage/replica/tail.h"

namespace strata::storage::replica {

struct CompareResult {
  RowDigest source;  // of all rows read, which may be from different moments
  RowDigest target;
  std::uint64_t different = 0;  // rows that differ in value or version
  std::uint64_t missing = 0;    // rows that the target lacks
  std::uint64_t surplus = 0;    // rows that only the target has
  bool same() const { return different + missing + surplus == 0; }
};

struct CompareOptions {
  std::size_t slice_bytes = std::size_t{1} << 20;
  // More rows in doubt than this end the comparison: the stores have little in common.
  std::size_t most_doubts = 10'000;
  // Runs `check` while nothing is written to the source and the target has all that it has.
  std::function<Status(const std::function<Status()>& check)> at_rest;
};

// Compares two stores while they are written to: slices by digest; the rows of slices that differ,
// because they do or because they were read at different moments, once more at rest.
// Single-threaded; blocks. Codes of Scan and Get.
Result<CompareResult> Compare(const Stores& stores, const Context& context,
                              const CompareOptions& options);

}  // namespace strata::storage::replica
