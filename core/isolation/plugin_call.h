#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/base/status.h"

namespace strata::isolation::v1 {
class CallEnd;
class CallHead;
}  // namespace strata::isolation::v1

namespace strata::isolation {

// A forwarded call as the strata_call that it was on the other side, whatever carries it: what was
// sent along, and what the callee says of its end. Used by the thread that serves the call.
class PluginCall : public strata_call {
 public:
  PluginCall(const v1::CallHead& head, bool one_response);
  virtual ~PluginCall() = default;
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  const std::string& token() const { return token_; }

  // Makes a call of the core on behalf of this one over what carries it, with `head`; only on the
  // thread that serves this call. False: that cannot carry it; nothing was done.
  virtual bool CallCore(const v1::CallHead& head, strata_call* c, strata_code* code);

  // After STRATA_PENDING: waits for `finish`.
  strata_code Await();

 protected:
  static PluginCall& Base(strata_call* c) { return static_cast<PluginCall&>(*c); }
  static void SetStatus(strata_call* c, const strata_status* status);
  static void SetTrailer(strata_call* c, const strata_kv* kv);
  static void Finish(strata_call* c, strata_code code);

  // Counts a response. False: there may be no more.
  bool CountResponse() { return ++responses_ <= 1 || !one_response_; }
  // The end as the callee has set it; INTERNAL when it broke a rule of the ABI.
  Status Conclude(strata_code code, v1::CallEnd* end);

 private:
  const bool one_response_;
  const std::string& token_;
  const std::vector<strata_kv> kvs_;
  std::uint64_t responses_ = 0;
  std::string message_;
  std::string details_;
  std::vector<std::pair<std::string, std::string>> trailers_;

  base::Mutex finish_mutex_;
  base::CondVar finish_changed_;
  bool finished_ STRATA_GUARDED_BY(finish_mutex_) = false;
  strata_code finish_code_ STRATA_GUARDED_BY(finish_mutex_) = STRATA_OK;
};

}  // namespace strata::isolation
