#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

// One line of the record of changes, without its end: names as in core.proto, enumerations without
// their prefix. No values of settings are in it.
std::string ChangeToJson(const core::v1::Change& change, std::string_view request_id);

// The other way. INVALID_ARGUMENT: not such a line.
Result<core::v1::Change> ChangeFromJson(std::string_view line, std::string* request_id);

}  // namespace strata::host
