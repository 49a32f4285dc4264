#include "plugins/data_fhir/store/number_allocator.h"

#include <algorithm>
#include <string>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

constexpr int kAttempts = 64;
constexpr std::size_t kCounterBytes = 8;

}  // namespace

Result<std::vector<layout::ResourceNumber>> NumberAllocator::Take(const Context& cx,
                                                                  std::size_t count) {
  std::vector<layout::ResourceNumber> numbers;
  numbers.reserve(count);
  base::MutexLock lock(mutex_);
  while (numbers.size() < count) {
    if (next_ == end_) STRATA_RETURN_IF_ERROR(Refill(cx, count - numbers.size()));
    while (next_ < end_ && numbers.size() < count) numbers.push_back(next_++);
  }
  return numbers;
}

Status NumberAllocator::Refill(const Context& cx, std::size_t count) {
  const std::string key = layout::MetaKey("next-number");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    STRATA_ASSIGN_OR_RETURN(const HostedRow row, hosting_.GetOne(cx, key));
    if (row.version != 0 && row.value.size() != kCounterBytes) {
      return DataLoss("the counter of resource numbers cannot be read");
    }
    const layout::ResourceNumber next =
        row.version == 0 ? 1 : layout::ReadBigEndian(row.value, kCounterBytes);
    const layout::ResourceNumber end = next + std::max(count, kBlock);
    if (end > layout::kMaxResourceNumber) {
      return Fault(Code::kResourceExhausted, "too-costly", "no resource numbers are left");
    }
    std::string value;
    layout::AppendBigEndian(end, kCounterBytes, &value);
    RowChanges changes;
    changes.RequireUnchanged(key, row.version);
    changes.Put(key, std::move(value));
    const Result<std::uint64_t> committed = hosting_.Commit(cx, std::move(changes));
    if (committed.ok()) {
      next_ = next;
      end_ = end;
      return {};
    }
    if (committed.status().code() != Code::kAborted) return committed.status();
  }
  return TooBusy();
}

}  // namespace strata::fhir::store
