#pragma once

#include <utility>

#include "core/base/status.h"
#include "strata/status.h"
#include "strata/stream.h"

namespace strata::storage::service {

// Hands a client stream on to another store: `call(source)` makes the call, `change(message)` may
// change each message on its way. When the stream breaks, or `change` refuses, the other store sees
// a broken stream too, never an early end. Single-threaded.
template <typename Message, typename Change, typename Call>
Status RelayStream(Reader<Message>& reader, Change&& change, Call&& call) {
  const auto next = [&](Message* message) {
    const Result<bool> more = reader.Read(message);
    if (!more.ok()) throw StatusError(more.status());
    if (!*more) return false;
    const Status changed = change(message);
    if (!changed.ok()) throw StatusError(changed);
    return true;
  };
  try {
    return call(next);
  } catch (const StatusError& error) {
    return error.status();
  }
}

}  // namespace strata::storage::service
