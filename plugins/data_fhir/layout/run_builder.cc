#include "plugins/data_fhir/layout/run_builder.h"

#include <algorithm>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"

namespace strata::fhir::layout {
namespace {

// Rows with an empty value are joined for this parameter only (index_row.h).
ParameterNumber AllOfType() {
  static const ParameterNumber number = ParameterNumberOf("_id");
  return number;
}

}  // namespace

void RunBuilder::Clear() {
  bytes_.clear();
  slots_.clear();
  breaks_.clear();
}

void RunBuilder::Add(TypeNumber type, ParameterNumber parameter, std::string_view value,
                     ResourceNumber n) {
  const auto offset = static_cast<std::uint32_t>(bytes_.size());
  AppendIndexPrefix(type, parameter, value, &bytes_);
  slots_.push_back({offset, static_cast<std::uint32_t>(bytes_.size() - offset), n});
}

bool RunBuilder::Joins(const Slot& before, const Slot& slot) const {
  const std::string_view prefix = PrefixOf(slot);
  if (PrefixOf(before) != prefix) return false;
  if (prefix.size() == kIndexHeadBytes && ParameterOfIndexKey(prefix) != AllOfType()) return false;
  return std::none_of(breaks_.begin(), breaks_.end(),
                      [&](ResourceNumber n) { return before.n < n && n <= slot.n; });
}

void RunBuilder::Finish(const Emit& emit) {
  std::sort(slots_.begin(), slots_.end(), [this](const Slot& a, const Slot& b) {
    const int order = PrefixOf(a).compare(PrefixOf(b));
    return order != 0 ? order < 0 : a.n < b.n;
  });
  std::vector<ResourceNumber> members;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    members.push_back(slots_[i].n);
    const bool more =
        i + 1 < slots_.size() && members.size() < kMaxRunMembers && Joins(slots_[i], slots_[i + 1]);
    if (more) continue;
    const std::string_view prefix = PrefixOf(slots_[i]);
    std::string key;
    key.reserve(prefix.size() + kResourceNumberBytes);
    key.append(prefix);
    AppendBigEndian(slots_[i].n, kResourceNumberBytes, &key);
    emit(std::move(key), EncodeMembers(members));
    members.clear();
  }
}

}  // namespace strata::fhir::layout
