#include "plugins/data_fhir/index/prefix.h"

#include <array>
#include <cstddef>

namespace strata::fhir::index {
namespace {

constexpr std::array<std::string_view, 9> kNames = {"eq", "ne", "gt", "lt", "ge",
                                                    "le", "sa", "eb", "ap"};

}  // namespace

Prefix TakePrefix(std::string_view* value) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!value->starts_with(kNames[i])) continue;
    value->remove_prefix(2);
    return static_cast<Prefix>(i);
  }
  return Prefix::kEq;
}

std::string_view PrefixName(Prefix prefix) { return kNames[static_cast<std::size_t>(prefix)]; }

}  // namespace strata::fhir::index
