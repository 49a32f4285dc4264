#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "plugins/service_console/page.h"

namespace strata::console {

using SlotChangeList = google::protobuf::RepeatedPtrField<core::v1::SlotChange>;

// What is done to which slot, from what to what, as a table.
Html SlotChanges(const SlotChangeList& slots);

// A plan: the slots, and the core's warnings where nobody can miss them.
Html RenderPlan(const core::v1::Plan& plan);

}  // namespace strata::console
