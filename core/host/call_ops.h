#pragma once

#include "core/abi/strata/plugin_abi.h"
#include "core/host/frame.h"

namespace strata::host {

// What a plugin reaches through strata_call.ops of a call that it serves: mostly the caller's own
// ops, with the request's cancellation and the core's rules in between.
const strata_call_ops* OpsFor(bool reads, bool async);

// Ends the link between an entry frame and its caller's cancellation, if any was made.
void UnhookOuter(Frame* frame);

// Sets what a nested callee gets to see as metadata: the caller's, without reserved keys, and the
// trace of the request, whatever the caller sent. No parent: the caller's as it is.
void PassMetadata(const Frame* parent, const strata_call* outer, Frame* frame);

// "strata-*" and "grpc-*".
bool IsReservedKey(strata_str key);

// The call was cancelled, or its deadline has passed.
bool IsCancelled(const Frame* frame);

}  // namespace strata::host
