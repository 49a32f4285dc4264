#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/context.h"
#include "strata/host.h"
#include "strata/status.h"
#include "strata/stream.h"

namespace strata::sdk {

// One binding of one service, with its methods resolved: what a generated client holds. Cheap to
// move; thread-safe. Every call blocks until the callee has answered; in process it runs on this
// very thread. Codes are the callee's, and: FAILED_PRECONDITION the manifest requires no such
// binding; INTERNAL the callee broke the protocol (no response, bytes that do not parse).
class Channel final {
 public:
  // `binding` is a name from the manifest's "requires"; empty = the only one of this service.
  Channel(Host host, std::string_view binding, std::span<const strata_method> methods);

  // Whether the binding exists, e.g. for an optional requirement.
  bool bound() const { return bound_; }

  Status Unary(std::size_t method, const Context& parent,
               const google::protobuf::MessageLite& request,
               google::protobuf::MessageLite* response) const;

  // `row` is filled before each on_row().
  Status ServerStream(std::size_t method, const Context& parent,
                      const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite* row, FunctionRef<bool()> on_row) const;

  // next() fills `request`.
  Status ClientStream(std::size_t method, const Context& parent,
                      google::protobuf::MessageLite* request, FunctionRef<bool()> next,
                      google::protobuf::MessageLite* response) const;

  Status Bidi(std::size_t method, const Context& parent, google::protobuf::MessageLite* request,
              FunctionRef<bool()> next, google::protobuf::MessageLite* row,
              FunctionRef<bool()> on_row) const;

 private:
  struct Call;
  Status Run(std::size_t method, const Context& parent, Call* call) const;

  const strata_host* host_;
  std::span<const strata_method> methods_;
  std::vector<std::uint64_t> handles_;
  std::string binding_;
  bool bound_ = false;
};

}  // namespace strata::sdk
