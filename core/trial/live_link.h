#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/host/external.h"
#include "core/host/ingress.h"

namespace strata::trial {

// A slot of the live stack, as a plugin of the candidate's own small stack: each call goes on to
// the live slot, under the identity that the candidate serves. Calls that may change something are
// refused (PERMISSION_DENIED) and counted. Thread-safe; outlives the stack that it is part of.
class LiveLink final {
 public:
  // Of what runs in `slot` now: its manifest and its methods.
  LiveLink(host::Ingress& live, std::string slot, host::Manifest manifest,
           const strata_descriptor& descriptor);
  LiveLink(const LiveLink&) = delete;
  LiveLink& operator=(const LiveLink&) = delete;

  // For StackOptions::externals.
  host::ExternalSlot External();
  const std::string& slot() const { return slot_; }
  std::uint64_t refused() const { return refused_.load(); }

 private:
  static strata_code Handle(void* self, strata_call* call);
  strata_code Forward(strata_call* call);

  host::Ingress& live_;
  const std::string slot_;
  const host::Manifest manifest_;
  std::vector<std::string> names_;  // Of the methods, by index.
  std::vector<strata_method> methods_;
  strata_descriptor descriptor_{};
  strata_plugin table_{};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace strata::trial
