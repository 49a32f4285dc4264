#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"

namespace strata::base {

// Reads the configuration of a plugin, a JSON object; nothing at all is an empty one. `apply` gets
// each member in turn. INVALID_ARGUMENT: not a JSON object; or the first error of `apply`.
Status ReadSettings(std::string_view json_text,
                    const std::function<Status(const json::Member&)>& apply);

// A whole number from `low` to `high`. INVALID_ARGUMENT names the setting and the bounds.
Result<std::uint64_t> NumberSetting(const json::Member& member, std::uint64_t low,
                                    std::uint64_t high);

// For a member that `plugin` ("the record viewer") does not have, or not in this form.
Status UnknownSetting(const json::Member& member, std::string_view plugin);

}  // namespace strata::base
