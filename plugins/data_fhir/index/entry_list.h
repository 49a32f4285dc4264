#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/numbers.h"

namespace strata::fhir::index {

// What the index rows of one resource hold: (parameter, value bytes) pairs in one buffer, so that
// one list serves an import of millions without allocating. Single-threaded.
class EntryList {
 public:
  struct Entry {
    layout::ParameterNumber parameter = 0;
    std::string_view value;  // Borrowed from the list until it changes.

    bool operator==(const Entry&) const = default;
  };

  void Clear();
  void Add(layout::ParameterNumber parameter, std::string_view value);
  // Sorts by parameter, then value, and drops repetitions. Call once after the last Add.
  void Finish();

  std::size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  Entry operator[](std::size_t i) const {
    return {slots_[i].parameter, std::string_view(bytes_).substr(slots_[i].offset, slots_[i].size)};
  }
  // Whether a pair is there; after Finish only.
  bool Contains(layout::ParameterNumber parameter, std::string_view value) const;
  // Indexes [first, last) of the pairs of one parameter; after Finish only.
  struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  Range RangeOf(layout::ParameterNumber parameter) const;

 private:
  struct Slot {
    layout::ParameterNumber parameter;
    std::uint16_t size;
    std::uint32_t offset;
  };
  std::string bytes_;
  std::vector<Slot> slots_;
};

}  // namespace strata::fhir::index
