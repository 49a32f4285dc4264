#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace strata::cli {

// Where a running stack answers when neither --at nor STRATA_AT says otherwise.
inline constexpr std::string_view kDefaultAt = "127.0.0.1:8081";

// Connection to a running stack's gRPC address ("127.0.0.1:8081" or "unix:/path"). Does not wait
// for the other side. Thread-safe.
std::shared_ptr<grpc::Channel> Connect(const std::string& at);

// The same code and message; for UNAVAILABLE the message says which address and what to try.
Status FromGrpc(const grpc::Status& status, std::string_view at);

// One unary call by full method name ("/strata.core.v1.Core/Status"), bytes in and out. Server
// streams: `on_message` is called per answer. Blocks; honours `timeout`.
Status CallBytes(const std::shared_ptr<grpc::Channel>& channel, std::string_view at,
                 const std::string& method, const std::vector<std::string>& requests,
                 const std::string& slot, std::chrono::milliseconds timeout,
                 const std::function<void(const std::string&)>& on_message);

}  // namespace strata::cli
