#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/trial/stack_call.h"

namespace strata::trial {

// Makes two calls at once: the answers of `from` are, each translated, the requests of `to`, a
// client stream. The first runs on a thread of its own ("strata-transfer"), a few messages ahead at
// most. `translate` empty-handed (false) leaves a message out. The error of `from` before that of
// `to`, since a broken source breaks the target.
Status Transfer(host::Ingress& source, StackCall from, host::Ingress& target, StackCall to,
                const std::function<bool(std::string_view, std::string*)>& translate);

}  // namespace strata::trial
