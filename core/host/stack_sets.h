#pragma once

#include <string>

#include "core/base/status.h"
#include "core/host/stack_file.h"

namespace strata::host {

// Changes one setting of one slot, as `--set slot.key.inner=VALUE` asks for; VALUE is YAML.
// INVALID_ARGUMENT: the form is wrong, there is no such slot, or VALUE is no YAML.
Status ApplySet(const std::string& set, StackConfig* stack);

}  // namespace strata::host
