#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::record_viewer {

// Settings of one instance; README.md has the table.
struct Config {
  std::string product = "Strata";
  std::size_t max_entries = 10000;
  std::size_t rows_per_page = 25;
  bool list_patients = false;
  std::string search_secret;  // name of a secret of the core; empty for a key of this process
};

// INVALID_ARGUMENT: no JSON object, an unknown member, or a value out of range; the message names
// the member.
Result<Config> ParseConfig(std::string_view json_text);

}  // namespace strata::record_viewer
