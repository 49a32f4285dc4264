#include "core/isolation/host_callbacks.h"

#include <string_view>
#include <vector>

#include "core/isolation/call_parts.h"
#include "core/isolation/paths.h"
#include "core/isolation/serve.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

void LogMisbehaviour(const strata_host* host, std::string_view rule) {
  const strata_kv field{abi::Str("rule"), abi::Bytes(rule)};
  host->log(host, STRATA_LOG_PLUGIN_MISBEHAVING, abi::Str("plugin.misbehaving"), &field, 1);
}

constexpr std::string_view kNotServed = "the parent is not a call that this process serves";

}  // namespace

template <typename Request, typename Response>
RpcHandler HostCallbacks::Answer(void (HostCallbacks::*function)(const strata_host*, const Request&,
                                                                 Response*)) {
  return {[this, function](ServedCall& served) {
            served.HoldResponse();
            const strata_host* const host = host_.load();
            std::string_view bytes;
            Request request;
            const bool sound = host != nullptr && served.Read(&bytes) &&
                               request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
            if (!sound) return served.End(InvalidArgument("not a request of an instance"), nullptr);
            Response response;
            (this->*function)(host, request, &response);
            const std::string none;
            served.Write(ToBuffer(response.SerializeAsString()));
            served.End(OkStatus(), &none);
          },
          true};
}

RpcServer::Finder HostCallbacks::Finder() {
  return [this](const std::string& method) -> RpcHandler {
    if (method == path::kCall) return {[this](ServedCall& s) { Call(s); }, true};
    if (method == path::kCallFramed) return {[this](ServedCall& s) { Call(s); }, false};
    if (method == path::kResolve) return Answer(&HostCallbacks::Resolve);
    if (method == path::kEvents) return Answer(&HostCallbacks::Events);
    if (method == path::kSecret) return Answer(&HostCallbacks::Secret);
    return {};
  };
}

void HostCallbacks::Call(ServedCall& served) {
  const strata_host* const host = host_.load();
  v1::CallHead head;
  if (host == nullptr || !ReadHead(served, &head) ||
      head.framed() != (served.method() == path::kCallFramed)) {
    return served.End(InvalidArgument("not a call of an instance"), nullptr);
  }
  ServedStrataCall call(&served, head, /*one_response=*/false, /*may_finish=*/false);
  if (!call.TakeRequest()) return served.End(InvalidArgument("no request"), nullptr);
  call.method = head.handle();
  call.auth = {};
  const bool nested = !head.token().empty();
  if (nested) {
    call.parent = calls_.Use(head.token(), &served.cancel());
    if (call.parent == nullptr) {
      LogMisbehaviour(host, kNotServed);
      const strata_status why{
          sizeof(strata_status), STRATA_INVALID_ARGUMENT, abi::Str(kNotServed), {}};
      call.ops->set_status(&call, &why);
      return call.End(STRATA_INVALID_ARGUMENT);
    }
  }
  const strata_code code = host->call(host, &call);
  if (nested) calls_.Unuse(head.token(), &served.cancel());
  call.End(code);
}

void HostCallbacks::Resolve(const strata_host* host, const v1::ResolveRequest& request,
                            v1::ResolveResponse* response) {
  response->set_handle(
      host->resolve(host, abi::Str(request.binding()), abi::Str(request.method())));
}

void HostCallbacks::Secret(const strata_host* host, const v1::SecretRequest& request,
                           v1::SecretResponse* response) {
  const auto* const secrets =
      static_cast<const strata_ext_secrets*>(host->extension(host, STRATA_EXT_SECRETS));
  if (secrets == nullptr) return response->set_code(STRATA_UNIMPLEMENTED);
  response->set_code(secrets->get(
      host, abi::Str(request.name()),
      [](void* out, strata_bytes value) {
        static_cast<v1::SecretResponse*>(out)->set_value(std::string(abi::View(value)));
      },
      response));
}

void HostCallbacks::Events(const strata_host* host, const v1::EventBatch& batch,
                           v1::ResolveResponse*) {
  for (const v1::Event& event : batch.events()) Handle(host, event);
}

void HostCallbacks::Handle(const strata_host* host, const v1::Event& event) {
  if (event.has_log()) {
    const auto fields = KvsOf(event.log().fields());
    host->log(host, event.log().severity(), abi::Str(event.log().event()), fields.data(),
              fields.size());
  } else if (event.has_metric()) {
    const auto labels = KvsOf(event.metric().labels());
    const std::uint64_t id = host->metric(
        host, event.metric().kind(), abi::Str(event.metric().name()), labels.data(), labels.size());
    const base::MutexLock lock(mutex_);
    if (id != 0) metrics_[event.metric().id()] = id;
  } else if (event.has_sample()) {
    std::uint64_t id = 0;
    {
      const base::MutexLock lock(mutex_);
      const auto found = metrics_.find(event.sample().id());
      if (found != metrics_.end()) id = found->second;
    }
    if (id != 0) host->metric_add(host, id, event.sample().value());
  } else if (event.has_health()) {
    host->set_health(host, event.health().code(), abi::Str(event.health().why()));
  }
}

}  // namespace strata::isolation
