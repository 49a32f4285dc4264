#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/isolation/served_call.h"

namespace strata::isolation::v1 {
class CallHead;
}

namespace strata::isolation {

// A forwarded call (forward.h) as the strata_call that it was on the other side: its ops work on
// `served`. Used by the thread that serves the call.
class ServedStrataCall final : public strata_call {
 public:
  // `one_response`: exactly one when it ends with OK. `may_finish`: the callee may answer
  // STRATA_PENDING.
  ServedStrataCall(ServedCall* served, const v1::CallHead& head, bool one_response,
                   bool may_finish);
  ServedStrataCall(const ServedStrataCall&) = delete;
  ServedStrataCall& operator=(const ServedStrataCall&) = delete;

  static ServedStrataCall& Of(strata_call* c) { return static_cast<ServedStrataCall&>(*c); }

  // The request of a call that is not framed. False: it is missing.
  bool TakeRequest();
  // Ends the call with what the callee has set; INTERNAL when it broke a rule of the ABI.
  void End(strata_code code);
  // After STRATA_PENDING: waits for `finish`.
  strata_code Await();

  const std::string& token() const { return token_; }

 private:
  static strata_code OnWrite(strata_call* c, strata_bytes message);
  static strata_code OnRead(strata_call* c, strata_bytes* out);
  static std::int32_t IsCancelled(strata_call* c);
  static std::uint64_t AddOnCancel(strata_call* c, void (*fn)(void*), void* arg);
  static void RemoveOnCancel(strata_call* c, std::uint64_t id);
  static void SetStatus(strata_call* c, const strata_status* status);
  static void SetTrailer(strata_call* c, const strata_kv* kv);
  static void Finish(strata_call* c, strata_code code);
  static const strata_call_ops kOps[2][2];  // by framed_ and may_finish

  ServedCall& served_;
  const bool framed_;
  const bool one_response_;
  const std::string& token_;
  std::vector<strata_kv> kvs_;
  bool read_end_ = false;
  std::uint64_t responses_ = 0;
  std::string message_;
  std::string details_;
  std::vector<std::pair<std::string, std::string>> trailers_;

  base::Mutex finish_mutex_;
  base::CondVar finish_changed_;
  bool finished_ STRATA_GUARDED_BY(finish_mutex_) = false;
  strata_code finish_code_ STRATA_GUARDED_BY(finish_mutex_) = STRATA_OK;
};

// Header kHeadKey of the call. False: it is none.
bool ReadHead(const ServedCall& served, v1::CallHead* head);

}  // namespace strata::isolation
