#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::fhir::index {

// FHIR R4 search.html#prefix
enum class Prefix : std::uint8_t { kEq, kNe, kGt, kLt, kGe, kLe, kSa, kEb, kAp };

// Takes "ge" and so on from the front of `*value`; kEq when there is none.
Prefix TakePrefix(std::string_view* value);

std::string_view PrefixName(Prefix prefix);

}  // namespace strata::fhir::index
