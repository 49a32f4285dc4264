#pragma once

#include <strata/plugin.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/core/v1/core.strata.h"

namespace strata::console {

// What a core may be able to do; an older one answers UNIMPLEMENTED.
enum class Ability : std::uint8_t { kSwap, kRollback, kMove, kFormat, kTrial, kHistory };
inline constexpr std::size_t kAbilities = 6;

// The administration of the stack, one call each. Errors are those of the contract
// (proto/strata/core/v1/README.md). Thread-safe.
class Core final {
 public:
  explicit Core(Host host) : client_(host, "core") {}

  Result<core::v1::StatusResponse> Status(Context& cx) const;
  Result<core::v1::ListPluginsResponse> Packages(Context& cx) const;

  Result<core::v1::ChangeResponse> Swap(Context& cx, const core::v1::SwapRequest& request) const;
  Result<core::v1::ChangeResponse> Rollback(Context& cx,
                                            const core::v1::RollbackRequest& request) const;
  Result<core::v1::ChangeResponse> Move(Context& cx,
                                        const core::v1::MoveHostingRequest& request) const;
  Result<core::v1::ChangeResponse> CommitFormat(Context& cx,
                                                const core::v1::CommitFormatRequest& request) const;

  Result<core::v1::ChangeResponse> Apply(Context& cx, const core::v1::ApplyRequest& request) const;

  // Newest first; an empty slot means all.
  Result<core::v1::ListChangesResponse> Changes(Context& cx, const std::string& slot,
                                                std::uint32_t limit) const;
  // As it is now.
  Result<core::v1::Change> FindChange(Context& cx, const std::string& id) const;
  Result<core::v1::Change> EndChange(Context& cx, const std::string& id) const;

  Result<core::v1::ListTrialsResponse> Trials(Context& cx) const;
  Result<core::v1::Trial> FindTrial(Context& cx, const std::string& id) const;
  Result<core::v1::Trial> StartTrial(Context& cx, const core::v1::StartTrialRequest& request) const;
  Result<core::v1::Trial> EndTrial(Context& cx, const std::string& id) const;

  // Whether this core can do that. Asked once, by a plan for a slot that cannot exist or by a list.
  bool Can(Context& cx, Ability ability) const;

 private:
  Code Probe(Context& cx, Ability ability) const;

  core::v1::CoreClient client_;
  // 0: not asked yet, 1: yes, 2: no.
  mutable std::array<std::atomic<std::uint8_t>, kAbilities> known_{};
};

}  // namespace strata::console
