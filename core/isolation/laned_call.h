#pragma once

#include <strata/cancel.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/mutex.h"
#include "core/isolation/lane.h"
#include "core/isolation/plugin_call.h"

namespace strata::isolation {

// A call that the core has sent on a lane, in the process of the plugin. Its nested calls go back
// on the same lane as long as they come from the thread that serves it.
class LanedCall final : public PluginCall {
 public:
  // `cancel` is told when the core ends the call early.
  LanedCall(Lane* lane, CancelSource* cancel, const v1::CallHead& head, const std::string& request,
            bool one_response, bool may_finish);

  bool CallCore(const v1::CallHead& head, strata_call* c, strata_code* code) override;
  // Tells the core. False: it is not there any more.
  bool End(strata_code code);

 private:
  static LanedCall& Of(strata_call* c) { return static_cast<LanedCall&>(Base(c)); }
  static strata_code OnWrite(strata_call* c, strata_bytes message);
  static std::int32_t IsCancelled(strata_call* c);
  static const strata_call_ops kOps[2];  // By may_finish.

  bool Send(LaneKind kind, std::string_view head, const std::string_view* body);

  Lane& lane_;
  CancelSource& cancel_;
  const bool one_response_;
  base::Mutex mutex_;  // Responses may come from other threads than nested calls.
  std::optional<std::string> held_ STRATA_GUARDED_BY(mutex_);  // The last one goes with the end.
};

}  // namespace strata::isolation
