#pragma once

#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/isolation/forward.h"
#include "core/isolation/lane.h"

namespace strata::isolation {

// Whether a call of this shape and size can be carried by a lane.
bool FitsLane(Shape shape, const std::string& head, const strata_call* c);

// As Forward, on a lane that nobody else uses. What the plugin asks `host` for on behalf of `c`
// runs on this thread. After a call that did not end by itself the lane is shut.
Forwarded CallOnLane(Lane* lane, const strata_host* host, const std::string& head, Shape shape,
                     strata_call* c);

}  // namespace strata::isolation
