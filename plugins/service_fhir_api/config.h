#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::fhir_api {

// Settings of one instance; README.md has the table.
struct Config {
  std::string path = "/fhir";
  std::uint64_t max_body_bytes = std::uint64_t{128} << 20;
  std::size_t gzip_min_bytes = 4096;
  bool conditional_delete_multiple = false;
};

// INVALID_ARGUMENT: no JSON object, an unknown member, or a value out of range; the message names
// the member.
Result<Config> ParseConfig(std::string_view json_text);

}  // namespace strata::fhir_api
