#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"

namespace strata::storage::service {

// The flat JSON object that configures a hosting plugin. Single-threaded.
class Config {
 public:
  // An empty text is an empty object. INVALID_ARGUMENT: not a JSON object, or a name that is not
  // among `known`: a misspelt setting must not be ignored.
  static Result<Config> Parse(std::string_view json, std::initializer_list<std::string_view> known);

  // Sets *value when the member is there. INVALID_ARGUMENT: not of the type, or out of range.
  Status Read(std::string_view name, std::string* value) const;
  Status Read(std::string_view name, std::int64_t least, std::int64_t most,
              std::int64_t* value) const;

 private:
  explicit Config(json::Document document) : document_(std::move(document)) {}
  json::Document document_;
};

}  // namespace strata::storage::service
