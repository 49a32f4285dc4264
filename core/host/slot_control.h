#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/base/status.h"
#include "core/host/instance.h"

namespace strata::host {

using Deadline = std::chrono::steady_clock::time_point;

// Runs `work` on a thread of its own ("strata-control") and waits for it until `deadline`. False:
// it still runs; the thread is left to itself, and whatever `work` owns stays alive with it.
bool RunUntil(Deadline deadline, std::function<void()> work);

// Runs a control function of the plugin that answers with a Status; nothing when it has not
// returned in time: the instance is a ZOMBIE then. `keep_alive` is held by whatever still runs.
std::optional<Status> RunControl(Deadline deadline, const std::shared_ptr<Instance>& instance,
                                 const std::shared_ptr<void>& keep_alive,
                                 const std::function<Status(Instance&)>& function);

// Takes a LOADED instance to STARTED: create, start. On failure it is FAILED and destroyed, or
// ZOMBIE when one of them did not return in time. DEADLINE_EXCEEDED, or the plugin's own code and
// reason.
Status StartInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive);
// Takes a STARTED instance to ACTIVE: health until it answers OK. Errors as StartInstance.
Status ProbeInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive);
// Both.
Status BringUp(const std::shared_ptr<Instance>& instance, Deadline deadline,
               const std::shared_ptr<void>& keep_alive);
// Takes an instance that was STARTED, but that nothing is routed to, to FAILED or ZOMBIE: drain,
// wait for its own work, stop, destroy.
void DiscardInstance(const std::shared_ptr<Instance>& instance, Deadline deadline,
                     const std::shared_ptr<void>& keep_alive);

// Takes an ACTIVE instance that no request can reach any more (RouteTable::WaitDrained) to RETIRED:
// drain, wait for its submitted work and its own background calls (`wait_for_calls`), which end
// only when it is told to drain, stop, destroy. DEADLINE_EXCEEDED: it did not let go in time, even
// with a second more, and is a ZOMBIE; or the code of drain, when it is gone but could not finish
// its work.
Status TakeDown(const std::shared_ptr<Instance>& instance, Deadline deadline,
                const std::function<bool(Deadline)>& wait_for_calls,
                const std::shared_ptr<void>& keep_alive);

}  // namespace strata::host
