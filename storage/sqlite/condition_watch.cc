#include "storage/sqlite/condition_watch.h"

#include <functional>

namespace strata::storage::sqlite {
namespace {

std::size_t HashOf(std::string_view key) { return std::hash<std::string_view>()(key); }

}  // namespace

ConditionWatch::ConditionWatch(const std::vector<Precondition>& conditions)
    : stale_(conditions.size()) {
  by_key_.reserve(conditions.size());
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (conditions[i].kind == Precondition::Kind::kRangeEmpty) {
      stale_[i] = true;
    } else {
      by_key_.emplace(HashOf(conditions[i].key), i);
    }
  }
}

void ConditionWatch::Touch(std::string_view key) {
  const auto [begin, end] = by_key_.equal_range(HashOf(key));
  for (auto at = begin; at != end; ++at) stale_[at->second] = true;
}

void ConditionWatch::TouchAll() { stale_.assign(stale_.size(), true); }

std::vector<std::size_t> ConditionWatch::Stale() const {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < stale_.size(); ++i) {
    if (stale_[i]) indexes.push_back(i);
  }
  return indexes;
}

}  // namespace strata::storage::sqlite
