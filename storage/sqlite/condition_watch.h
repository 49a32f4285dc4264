#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/api/types.h"

namespace strata::storage::sqlite {

// Which preconditions of a large commit have to be checked again, because other commits have
// written since they were checked. Keeps hashes of keys, so it may name one too many, never one
// too few. Single-threaded.
class ConditionWatch final {
 public:
  explicit ConditionWatch(const std::vector<Precondition>& conditions);

  // Another commit writes the key.
  void Touch(std::string_view key);
  // Another commit deletes a range.
  void TouchAll();

  // Indexes of those to check again, ascending. Conditions on ranges always are.
  std::vector<std::size_t> Stale() const;

 private:
  std::unordered_multimap<std::size_t, std::size_t> by_key_;  // hash of the key -> index
  std::vector<bool> stale_;
};

}  // namespace strata::storage::sqlite
