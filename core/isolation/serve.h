#pragma once

#include <cstdint>
#include "core/isolation/plugin_call.h"
#include "core/isolation/served_call.h"

namespace strata::isolation {

// A call that came by gRPC (forward.h): its ops work on `served`.
class ServedStrataCall final : public PluginCall {
 public:
  // `one_response`: exactly one when it ends with OK. `may_finish`: the callee may answer
  // STRATA_PENDING.
  ServedStrataCall(ServedCall* served, const v1::CallHead& head, bool one_response,
                   bool may_finish);

  // The request of a call that is not framed. False: it is missing.
  bool TakeRequest();
  // Ends the call with what the callee has set; INTERNAL when it broke a rule of the ABI.
  void End(strata_code code);

 private:
  static ServedStrataCall& Of(strata_call* c) { return static_cast<ServedStrataCall&>(Base(c)); }
  static strata_code OnWrite(strata_call* c, strata_bytes message);
  static strata_code OnRead(strata_call* c, strata_bytes* out);
  static std::int32_t IsCancelled(strata_call* c);
  static std::uint64_t AddOnCancel(strata_call* c, void (*fn)(void*), void* arg);
  static void RemoveOnCancel(strata_call* c, std::uint64_t id);
  static const strata_call_ops kOps[2][2];  // by framed_ and may_finish

  ServedCall& served_;
  const bool framed_;
  bool read_end_ = false;
};

// Header kHeadKey of the call. False: it is none.
bool ReadHead(const ServedCall& served, v1::CallHead* head);

}  // namespace strata::isolation
