#pragma once

#include <strata/cancel.h>

#include <string>
#include <string_view>

#include "core/gateway/http_core.h"

namespace strata::gateway {

// One request inside a service: the caller's side of DigitalService/Handle, between the plugin
// (strata_call_ops) and the connection. Runs on the thread that owns the connection; Cancel and
// PastDeadline may be called by others through HttpConnection.
class HttpExchange final : public strata_call {
 public:
  // `head` and `body` point into buffers that stay as they are for the life of the exchange.
  HttpExchange(HttpCore* core, HttpConnection* connection, HttpScratch* scratch,
               const RequestHead& head, const ExchangeBody& body, std::int64_t deadline);

  // Takes one of the places for requests that may wait for their peer. False: all are taken.
  bool MayBlock() {
    return blocking_.TryTake(&core_.metrics.blocked_on_peers, core_.options.blocking_slots);
  }
  // Calls the service and answers the client, whatever happens. False: the connection is to be cut.
  // Bytes received after the body are in rest().
  bool Run(host::Pin* pin, const host::HttpRoute& route, AccessRecord* record);
  std::string_view rest() const { return undecoded_; }
  // The request body was read to its end.
  bool body_done() const { return complete_ || connection_.decoder.done(); }

  void Cancel() { cancel_.Cancel(); }
  bool PastDeadline(std::int64_t now_us) const { return deadline_ != 0 && now_us >= deadline_; }

 private:
  static HttpExchange& Of(strata_call* call) { return static_cast<HttpExchange&>(*call); }
  static strata_code OnWrite(strata_call* call, strata_bytes message);
  static strata_code OnRead(strata_call* call, strata_bytes* out);
  static std::int32_t IsCancelled(strata_call* call);
  static std::uint64_t AddOnCancel(strata_call* call, void (*fn)(void*), void* arg);
  static void RemoveOnCancel(strata_call* call, std::uint64_t id);
  static void SetStatus(strata_call* call, const strata_status* status);
  static void SetTrailer(strata_call*, const strata_kv*) {}
  static const strata_call_ops kOps;

  // Of the answer.
  strata_code Write(std::string_view message);
  bool SendPart(const ResponsePart& part, bool first);
  bool WaitForReader();
  strata_code Broken(std::string_view why);
  bool Conclude(strata_code code, AccessRecord* record);
  bool ConcludeWithoutHead(strata_code code);
  bool SendProblem(int status, std::string_view detail);
  AnswerContext Context();

  // Of the request.
  strata_code Read(strata_bytes* out);
  strata_code NextBodyPart(std::string_view* piece);
  strata_code WaitForBody();
  strata_code RefuseBody(int status, std::string_view detail, strata_code code);
  void EncodeFirstPart(const host::HttpRoute& route, host::Pin* pin);
  void CollectMetadata();

  bool Cancelled() const { return cancel_.cancelled() || PastDeadline(NowUs()); }

  HttpCore& core_;
  HttpConnection& connection_;
  HttpScratch& scratch_;
  const RequestHead& head_;
  const std::int64_t deadline_;  // deadline_us is the host's to change
  CancelSource cancel_;
  Permit blocking_;

  std::string_view ready_;
  std::string_view undecoded_;
  bool complete_;
  bool first_read_ = false;
  bool end_read_ = false;
  std::uint64_t body_bytes_ = 0;

  int status_ = 0;  // of the answer's head, once sent
  Framing framing_ = Framing::kNone;
  bool ended_ = false;   // the answer is whole
  bool broken_ = false;  // the client is gone, or the service broke the contract
  std::uint64_t sent_ = 0;

  int refused_status_ = 0;  // the request body was refused with this
  std::string_view refused_detail_;
  std::string message_;  // of the plugin's status
  strata_kv metadata_[2];
};

}  // namespace strata::gateway
