#pragma once

#include <string>

#include "core/base/status.h"
#include "storage/api/types.h"

namespace strata::storage {

// Collects the mutations of a large commit: the first few MiB in memory, the rest in a file that
// has no name, so nothing is left behind whatever happens. Single-threaded.
class MutationSpool final : public MutationSource {
 public:
  // `folder` takes the file. Validates what is added against `limits`.
  MutationSpool(std::string folder, const Limits& limits, std::size_t memory_bytes = 4 << 20);
  ~MutationSpool() override;
  MutationSpool(const MutationSpool&) = delete;
  MutationSpool& operator=(const MutationSpool&) = delete;

  // INVALID_ARGUMENT: the mutation, or the sum, is outside the limits; RESOURCE_EXHAUSTED: no
  // space in the folder; UNAVAILABLE: the device failed.
  Status Add(const Mutation& mutation);

  bool empty() const { return empty_; }
  std::uint64_t SizeBytes() const override { return size_bytes_; }
  Status Visit(const std::function<Status(const Mutation&)>& visit) override;

 private:
  Status Spill();

  const std::string folder_;
  const Limits limits_;
  const std::size_t memory_bytes_;
  bool empty_ = true;
  std::uint64_t size_bytes_ = 0;
  std::string memory_;  // encoded mutations that follow those of the file
  int file_ = -1;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace strata::storage
