#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <set>
#include <string>

#include "core/base/shard.h"
#include "core/host/tap.h"
#include "core/trial/copy_queue.h"
#include "core/trial/write_log.h"

namespace strata::trial {

// What a trial wants copied.
struct TapTarget {
  std::uint32_t slot = 0;           // Its reads are copied.
  std::set<std::uint32_t> written;  // Whose writes change what those reads see.
  double share = 0;                 // Of the reads, 0..1.
};

// The tap of one trial: copies a share of the reads of one slot into a queue, and logs writes. It
// never waits: what does not fit is counted and left out. Calls that began before Stop end here, so
// it must live until the stack's last request has ended.
class ShadowTap final : public host::Tap {
 public:
  ShadowTap(TapTarget target, CopyQueue& queue);

  host::CallObserver* Begin(std::uint32_t slot, const strata_method& method,
                            const strata_call& call) override;

  WriteLog& writes() { return writes_; }
  std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }

  // Calls of this thread are not copied, for as long as one of these lives: the trial's own.
  class Aside final {
   public:
    Aside();
    ~Aside();
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
  };

 private:
  class Recording;
  class Write;
  friend class Recording;

  bool Sampled() const;
  bool Wanted(const strata_method& method) const;

  const TapTarget target_;
  const std::uint64_t threshold_;
  CopyQueue& queue_;
  WriteLog writes_;
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace strata::trial
