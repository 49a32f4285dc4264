#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::layout {

// Makes the index rows of the new resources of one commit, resources of one value joined to runs
// (index_row.h). Keeps its memory for the next commit. Single-threaded.
class RunBuilder final {
 public:
  void Clear();
  // Numbers of the commit's new resources follow each other without a gap but before `n`: runs do
  // not reach across.
  void Break(ResourceNumber n) { breaks_.push_back(n); }
  void Add(TypeNumber type, ParameterNumber parameter, std::string_view value, ResourceNumber n);

  // Shows each row, in the order of the keys.
  using Emit = std::function<void(std::string key, std::string value)>;
  void Finish(const Emit& emit);

 private:
  struct Slot {
    std::uint32_t offset;
    std::uint32_t size;
    ResourceNumber n;
  };
  std::string_view PrefixOf(const Slot& slot) const {
    return std::string_view(bytes_).substr(slot.offset, slot.size);
  }
  bool Joins(const Slot& before, const Slot& slot) const;

  std::string bytes_;
  std::vector<Slot> slots_;
  std::vector<ResourceNumber> breaks_;
};

}  // namespace strata::fhir::layout
