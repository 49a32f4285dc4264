#include "storage/memory/feed.h"

#include <algorithm>
#include <utility>

namespace strata::storage::memory {
namespace {

constexpr std::size_t kPartOverhead = 64;

}  // namespace

void Feed::Append(Version version, std::int64_t committed_us, std::vector<std::string> parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    bytes_ += parts[i].size() + kPartOverhead;
    parts_.push_back(std::make_shared<const Part>(
        Part{version, committed_us, std::move(parts[i]), i + 1 < parts.size()}));
  }
  while (bytes_ > max_bytes_ && parts_.front()->version != version) {
    oldest_ = parts_.front()->version;
    while (parts_.front()->version == oldest_) {
      bytes_ -= parts_.front()->changes.size() + kPartOverhead;
      parts_.pop_front();
      ++first_number_;
    }
  }
}

void Feed::Reset(Version version) {
  first_number_ += parts_.size();
  parts_.clear();
  bytes_ = 0;
  oldest_ = version;
}

std::uint64_t Feed::Find(Version after) const {
  const auto at =
      std::upper_bound(parts_.begin(), parts_.end(), after,
                       [](Version version, const auto& part) { return version < part->version; });
  return first_number_ + static_cast<std::uint64_t>(at - parts_.begin());
}

Feed::PartPointer Feed::At(std::uint64_t number) const {
  const std::uint64_t index = number - first_number_;
  return index < parts_.size() ? parts_[index] : nullptr;
}

}  // namespace strata::storage::memory
