#pragma once

#include <strata/host.h>

#include <chrono>
#include <cstdint>

#include "plugins/data_fhir/service/background.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/store/sweep.h"

namespace strata::fhir::service {

// Sweeps index rows of the past away (store/sweep.h) on one thread ("fhir-sweep") that leaves most
// of the time to others: after each commit it rests four times as long as that took. Metric
// data_fhir_index_rows_swept_total; a line in the log when all up to a moment is done. Thread-safe.
class Sweeper final {
 public:
  Sweeper(store::Store& store, Host host, std::chrono::microseconds retention)
      : host_(host),
        swept_(host.Counter("data_fhir_index_rows_swept_total")),
        sweep_(store, retention) {}

  void Start();
  void Stop() { background_.Stop(); }

 private:
  // How long to rest then.
  std::chrono::microseconds Step();

  const Host host_;
  const Metric swept_;
  store::Sweep sweep_;
  std::uint64_t of_pass_ = 0;  // rows removed since all was done the last time
  Background background_;
};

}  // namespace strata::fhir::service
