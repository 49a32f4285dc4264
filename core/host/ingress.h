#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"

namespace strata::host {

// One method of one slot, as the pinned generation routes it. Valid while the Pin lives.
struct Target {
  std::uint64_t handle = 0;
  // STRATA_UNARY, STRATA_SERVER_STREAM, STRATA_CLIENT_STREAM or STRATA_BIDI.
  std::int32_t kind = 0;
  bool idempotent = false;
  // Goes on until the caller has heard enough (a Watch, a long-lived route): a change of the stack
  // ends it soon with UNAVAILABLE, and the caller enters again.
  bool endless = false;
  std::string_view slot;
};

// For whom a route is (strata.service.v1.Audience): each audience has an entrance of its own.
enum class Audience : std::uint8_t { kClients, kOperators };
inline constexpr std::size_t kAudiences = 2;

struct MenuItem {
  std::string label;
  std::string path;
  std::int32_t order = 0;
  Audience audience = Audience::kClients;
};

// A route that a digital service declared (strata.service.v1.Route).
struct HttpRoute {
  std::string path;
  std::vector<std::string> scopes;
  std::vector<std::string> methods;
  std::uint64_t max_body_bytes = 0;
  bool long_lived = false;
  Audience audience = Audience::kClients;
  // DigitalService/Handle of the slot that declared it.
  Target handle;
};

// One inbound request, pinned to the generation of routes that it started with: everything that it
// calls, however deep, sees that generation. Destroying it releases the generation. Used by one
// thread at a time.
class Pin {
 public:
  virtual ~Pin() = default;

  virtual std::uint64_t generation() const = 0;

  // The route with the longest matching path for the audience of this entrance, or null. `path` is
  // percent-encoded, without query.
  virtual const HttpRoute* MatchHttp(std::string_view path) const = 0;

  // Menu entries of all services for that audience, in order.
  virtual const std::vector<MenuItem>& Menu() const = 0;

  // `full_method` is "/strata.data.v1.Data/Read"; an empty `slot` takes the only slot that provides
  // the service, or the stack's default for it. UNIMPLEMENTED: nobody provides it; NOT_FOUND: no
  // such slot; FAILED_PRECONDITION: several slots provide it (the message names them).
  virtual Result<Target> FindMethod(std::string_view slot, std::string_view full_method) const = 0;

  // Calls the target on the current thread and returns its final status code; STRATA_PENDING is
  // awaited inside. The caller fills `call` except for method, auth's validity and generation,
  // which the core sets. Blocks until the call has ended. A target in slot "core" is called outside
  // of the generation, which is given back first: nothing is found through this pin afterwards.
  virtual strata_code Call(const Target& target, strata_call* call) = 0;
};

// What the gateways need from the core. Thread-safe.
class Ingress {
 public:
  virtual ~Ingress() = default;

  // Enters a request. While a handover holds the gate closed it waits, at most until `deadline_us`
  // (CLOCK_MONOTONIC microseconds). UNAVAILABLE: the stack is stopping, or the wait was too long.
  virtual Result<std::unique_ptr<Pin>> Enter(std::int64_t deadline_us) = 0;

  // All slots are started and healthy; `why` says what is missing otherwise.
  virtual bool Ready(std::string* why) const = 0;

  // Prometheus text exposition format 0.0.4 of every metric of core and plugins.
  virtual std::string MetricsText() const = 0;

  // FileDescriptorSets of the contracts and plugins (serialized google.protobuf.FileDescriptorSet),
  // for gRPC server reflection.
  virtual std::vector<std::string> DescriptorSets() const = 0;

  // Full names of all services that some slot provides, and of the core's own.
  virtual std::vector<std::string> ServiceNames() const = 0;
};

}  // namespace strata::host
