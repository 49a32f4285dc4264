#pragma once

#include "storage/replica/mover.h"
#include "strata/core/v1/core.pb.h"

namespace strata::move {

// What operators see of a copy.
inline core::v1::Progress ToProto(const storage::replica::MoveProgress& progress) {
  core::v1::Progress out;
  out.set_rows(progress.rows);
  out.set_rows_total(progress.rows_total);
  out.set_bytes(progress.bytes);
  out.set_bytes_total(progress.bytes_total);
  out.set_rows_per_second(progress.rows_per_second);
  out.set_seconds_left(progress.seconds_left);
  out.set_lag(progress.lag);
  return out;
}

}  // namespace strata::move
