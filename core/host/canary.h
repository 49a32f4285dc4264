#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/host/change/probation_bounds.h"
#include "core/host/routes.h"
#include "core/host/slot_stats.h"

namespace strata::host {

// Knows which patient a call is about; the host itself does not read the contracts. Thread-safe.
class PatientFinder {
 public:
  virtual ~PatientFinder() = default;
  // Whether the first message of a stream of that method may name a patient: it is then read before
  // the callee is chosen, which still gets it first.
  virtual bool ReadsFirst(std::string_view full_method) const = 0;
  // The same for all calls about one patient; empty: the call names none.
  virtual std::string Find(std::string_view full_method, strata_bytes first,
                           strata_bytes auth) const = 0;
};

// What a canary is asked for.
struct CanaryOrder {
  double percent = 0;                           // Of the patients, above 0 to 100.
  std::shared_ptr<const PatientFinder> finder;  // shared: with the routes.
  ProbationBounds bounds;
  // What the candidate did, and what the live plugin did for the patients that stayed with it.
  // shared: with the instance and whoever shows them.
  std::shared_ptr<SlotStats> candidate = std::make_shared<SlotStats>();
  std::shared_ptr<SlotStats> control = std::make_shared<SlotStats>();
};

// A candidate that serves the requests of some patients in one slot of a generation. Immutable.
class Canary final {
 public:
  Canary(const SlotRoute& live, SlotRoute candidate, const CanaryOrder& order);

  std::uint32_t slot() const { return slot_; }
  const SlotRoute& candidate() const { return candidate_; }
  const PatientFinder& finder() const { return *finder_; }
  SlotStats& control() const { return *control_; }
  // A method of the live plugin in the candidate's table; -1: it lacks it.
  std::int32_t IndexOf(std::uint32_t live_index) const { return index_of_[live_index]; }

  // Who serves a patient: the same in every run of the core, and a patient of a smaller share is
  // one of any larger share too.
  Side SideOf(std::string_view patient) const;

 private:
  std::uint32_t slot_;
  SlotRoute candidate_;
  std::vector<std::int32_t> index_of_;
  std::uint64_t threshold_;
  std::shared_ptr<const PatientFinder> finder_;
  std::shared_ptr<SlotStats> control_;
};

// A call whose first message is read before its callee is known; the callee reads it again. Used by
// the thread of the call; outlives it.
class PeekedCall final {
 public:
  explicit PeekedCall(strata_call* outer);
  PeekedCall(const PeekedCall&) = delete;
  PeekedCall& operator=(const PeekedCall&) = delete;

  // Blocks until there is one; empty: there is none.
  strata_bytes First();
  strata_call* call() { return &call_; }

 private:
  struct Call : strata_call {
    strata_call* to = nullptr;
    PeekedCall* self = nullptr;
  };
  static strata_call* To(strata_call* c) { return static_cast<Call*>(c)->to; }
  static strata_code Read(strata_call* c, strata_bytes* out);

  strata_call_ops ops_;
  Call call_;
  bool held_ = false;  // `first_` is still to be read by the callee.
  strata_bytes first_{};
  strata_code code_ = STRATA_OK;
};

}  // namespace strata::host
