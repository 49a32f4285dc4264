#pragma once

#include <google/protobuf/message_lite.h>

#include "strata/context.h"
#include "strata/status.h"
#include "strata/stream.h"

// What the generated service code calls. Plugin authors need nothing from here.
namespace strata::sdk {

// Hands message and details to the caller; returns the code.
strata_code Finish(strata_call* call, const Status& status);
// The same, writing the response first if the status is OK.
strata_code Respond(strata_call* call, const Status& status,
                    const google::protobuf::MessageLite& response);
// false after having answered INVALID_ARGUMENT.
bool ParseRequest(strata_call* call, google::protobuf::MessageLite* request);

template <typename Service>
using Handler = strata_code (*)(Service& service, strata_call* call);

template <typename S, typename Req, typename Resp,
          Status (S::*kMethod)(Context&, const Req&, Resp*)>
strata_code ServeUnary(S& service, strata_call* call) {
  Req request;
  if (!ParseRequest(call, &request)) return STRATA_INVALID_ARGUMENT;
  Resp response;
  Context cx(call);
  return Respond(call, (service.*kMethod)(cx, request, &response), response);
}

template <typename S, typename Req, typename Resp,
          Status (S::*kMethod)(Context&, const Req&, Writer<Resp>&)>
strata_code ServeServerStream(S& service, strata_call* call) {
  Req request;
  if (!ParseRequest(call, &request)) return STRATA_INVALID_ARGUMENT;
  Writer<Resp> writer(call);
  Context cx(call);
  return Finish(call, (service.*kMethod)(cx, request, writer));
}

template <typename S, typename Req, typename Resp,
          Status (S::*kMethod)(Context&, Reader<Req>&, Resp*)>
strata_code ServeClientStream(S& service, strata_call* call) {
  Reader<Req> reader(call);
  Resp response;
  Context cx(call);
  return Respond(call, (service.*kMethod)(cx, reader, &response), response);
}

template <typename S, typename Req, typename Resp,
          Status (S::*kMethod)(Context&, Reader<Req>&, Writer<Resp>&)>
strata_code ServeBidi(S& service, strata_call* call) {
  Reader<Req> reader(call);
  Writer<Resp> writer(call);
  Context cx(call);
  return Finish(call, (service.*kMethod)(cx, reader, writer));
}

}  // namespace strata::sdk
