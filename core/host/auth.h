#pragma once

#include <string>
#include <string_view>

namespace strata::host {

// The identity of work that a plugin does by itself: a serialized strata.common.v1.AuthContext with
// assurance SYSTEM and the slot as its subject.
std::string SystemAuth(std::string_view slot, std::string_view request_id);

// request_id of a serialized AuthContext; empty when it has none or does not parse.
std::string RequestIdOf(std::string_view auth);

}  // namespace strata::host
