#pragma once

#include <string_view>

#include "strata/host.h"
#include "strata/plugin_table.h"
#include "strata/status.h"

// For plugins whose data has one owner at a time ("strata.handover/1"): in a hot swap to another
// version of itself, no request is in flight while the old instance lets go and the new one takes
// over.
//
//   Status Start()     { return strata::HandoverPending(host_) ? Status() : Acquire(); }
//   Status Release();     // closes everything; without it no other instance could open it
//   Status Acquire();     // opens it
//   Status Reacquire();   // opens it again: the new instance could not
//   const void* Extension(std::string_view id) { return strata::HandoverExtension<MyStore>(id); }
//
// Health() may be asked at any time, also between Release and Reacquire.
namespace strata {

// Inside Start(): another instance owns the data still, and Acquire() follows.
inline bool HandoverPending(const Host& host) {
  const auto* const handover =
      static_cast<const strata_ext_host_handover*>(host.Extension(STRATA_EXT_HOST_HANDOVER));
  return handover != nullptr && handover->pending(host.raw()) != 0;
}

namespace sdk {

template <typename P, Status (P::*kFunction)()>
strata_code Hand(void* self, strata_status* why) {
  try {
    return Explain(why, (static_cast<P*>(self)->*kFunction)());
  } catch (...) {
    return Explain(why, CurrentExceptionStatus());
  }
}

}  // namespace sdk

// The extension of P when `id` names it, else null.
template <typename P>
const void* HandoverExtension(std::string_view id) {
  static constexpr strata_ext_handover kTable = {
      sizeof(strata_ext_handover), &sdk::Hand<P, &P::Release>, &sdk::Hand<P, &P::Acquire>,
      &sdk::Hand<P, &P::Reacquire>};
  return id == STRATA_EXT_HANDOVER ? &kTable : nullptr;
}

}  // namespace strata
