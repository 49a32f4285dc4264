#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/host/stack.h"
#include "core/trial/live_link.h"
#include "strata/core/v1/core.pb.h"

namespace strata::trial {

// What a trial asks for.
struct CandidateSpec {
  std::string slot;     // The live slot that it is tried beside.
  std::string package;  // As in a stack file.
  std::string config_json;
  std::string scratch_package;
};

// The candidate, with what it needs, as a small stack of its own: its slot ("record-trial"), a
// fresh store for a data plugin, links to live slots for everything else. Its folder is its own and
// goes with it.
class SideStack final {
 public:
  // Verifies, loads and starts. Errors as host::Stack::Start; FAILED_PRECONDITION: the candidate
  // does not provide what the live plugin does, or needs what the live stack cannot lend.
  static Result<std::unique_ptr<SideStack>> Start(host::Stack& live, const CandidateSpec& spec,
                                                  const std::string& id);
  // What Start would do: verifies packages and settings, runs no code of a plugin, makes nothing.
  // Errors as Start.
  static Result<core::v1::Plan> Plan(host::Stack& live, const CandidateSpec& spec);
  ~SideStack();
  SideStack(const SideStack&) = delete;
  SideStack& operator=(const SideStack&) = delete;

  // DEADLINE_EXCEEDED: the candidate did not let go.
  Status Stop();

  host::Stack& stack() { return *stack_; }
  const std::string& slot() const { return slot_; }
  // Of the candidate.
  host::SlotReport Report() const;
  // Numbers of the live slots that it reads through links.
  const std::set<std::uint32_t>& linked() const { return linked_; }
  // Calls of the candidate that would have changed live data.
  std::uint64_t refused() const;

 private:
  class Builder;
  SideStack() = default;

  std::string slot_;
  std::string folder_;
  std::set<std::uint32_t> linked_;
  std::vector<std::unique_ptr<LiveLink>> links_;
  std::unique_ptr<host::Stack> stack_;  // Uses the links.
};

}  // namespace strata::trial
