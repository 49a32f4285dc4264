#include "core/isolation/plugin_call.h"

#include <string_view>

#include "core/isolation/call_parts.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {

PluginCall::PluginCall(const v1::CallHead& head, bool one_response)
    : strata_call{},
      one_response_(one_response),
      token_(head.token()),
      kvs_(KvsOf(head.metadata())) {
  struct_size = sizeof(strata_call);
  flags = head.flags();
  metadata = kvs_.data();
  metadata_count = kvs_.size();
  auth = abi::Bytes(head.auth());
}

bool PluginCall::CallCore(const v1::CallHead& /*head*/, strata_call* /*c*/, strata_code* /*code*/) {
  return false;
}

strata_code PluginCall::Await() {
  const base::MutexLock lock(finish_mutex_);
  while (!finished_) finish_changed_.Wait(finish_mutex_);
  return finish_code_;
}

Status PluginCall::Conclude(strata_code code, v1::CallEnd* end) {
  for (auto& [key, value] : trailers_) {
    v1::Pair* const pair = end->add_trailers();
    pair->set_key(std::move(key));
    pair->set_value(std::move(value));
  }
  std::string_view rule;
  if (code < STRATA_OK || code > STRATA_UNAUTHENTICATED) rule = "answered with a code that is none";
  if (one_response_ && responses_ > 1) rule = "more than one response";
  if (one_response_ && responses_ == 0 && code == STRATA_OK) rule = "OK without a response";
  if (!rule.empty()) return Internal(std::string(rule));
  if (code == STRATA_OK) return OkStatus();
  return Status(static_cast<Code>(code), std::move(message_)).WithDetails(std::move(details_));
}

void PluginCall::SetStatus(strata_call* c, const strata_status* status) {
  Base(c).message_ = abi::View(status->message);
  Base(c).details_ = abi::View(status->details);
}

void PluginCall::SetTrailer(strata_call* c, const strata_kv* kv) {
  Base(c).trailers_.emplace_back(abi::View(kv->key), abi::View(kv->value));
}

void PluginCall::Finish(strata_call* c, strata_code code) {
  PluginCall& self = Base(c);
  const base::MutexLock lock(self.finish_mutex_);
  self.finish_code_ = code;
  self.finished_ = true;
  self.finish_changed_.NotifyAll();
}

}  // namespace strata::isolation
