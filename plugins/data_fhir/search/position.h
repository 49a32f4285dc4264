#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/search/execution.h"

namespace strata::fhir::search {

// Where a page begins, as text for a page token. It is not protected: whoever hands tokens out
// seals them. Thread-safe.
struct Position {
  std::uint64_t as_of = 0;  // The view's moment: all pages of a search see the same.
  NumberPosition number;
  // Sort values of the resource at `number`; empty without _sort.
  std::vector<std::string> keys;
};

std::string EncodePosition(const Position& position);
// INVALID_ARGUMENT: no position.
Result<Position> DecodePosition(std::string_view bytes);

}  // namespace strata::fhir::search
