#include "plugins/data_fhir/index/entry_list.h"

#include <algorithm>
#include <tuple>

namespace strata::fhir::index {

void EntryList::Clear() {
  bytes_.clear();
  slots_.clear();
}

void EntryList::Add(layout::ParameterNumber parameter, std::string_view value) {
  slots_.push_back({parameter, static_cast<std::uint16_t>(value.size()),
                    static_cast<std::uint32_t>(bytes_.size())});
  bytes_.append(value);
}

void EntryList::Finish() {
  const std::string_view bytes = bytes_;
  const auto key = [bytes](const Slot& slot) {
    return std::make_tuple(slot.parameter, bytes.substr(slot.offset, slot.size));
  };
  std::sort(slots_.begin(), slots_.end(),
            [&](const Slot& a, const Slot& b) { return key(a) < key(b); });
  const auto end = std::unique(slots_.begin(), slots_.end(),
                               [&](const Slot& a, const Slot& b) { return key(a) == key(b); });
  slots_.erase(end, slots_.end());
}

EntryList::Range EntryList::RangeOf(layout::ParameterNumber parameter) const {
  const auto first = std::partition_point(slots_.begin(), slots_.end(),
                                          [&](const Slot& s) { return s.parameter < parameter; });
  const auto last = std::partition_point(first, slots_.end(),
                                         [&](const Slot& s) { return s.parameter == parameter; });
  return {static_cast<std::size_t>(first - slots_.begin()),
          static_cast<std::size_t>(last - slots_.begin())};
}

bool EntryList::Contains(layout::ParameterNumber parameter, std::string_view value) const {
  const Range range = RangeOf(parameter);
  for (std::size_t i = range.first; i < range.last; ++i) {
    if ((*this)[i].value == value) return true;
  }
  return false;
}

}  // namespace strata::fhir::index
