#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::cli {

// Messages to JSON and back as protobuf's JSON mapping has it, with one exception for people: a
// `bytes` field that carries JSON (its name is "json" or ends in "_json", "bundle" or "patch") is
// shown and accepted as the JSON value itself instead of base64.

// INVALID_ARGUMENT says where the text does not fit the message.
Status FromJson(std::string_view text, google::protobuf::Message* message);
std::string ToJson(const google::protobuf::Message& message);

}  // namespace strata::cli
