#pragma once

#include <chrono>
#include <functional>

namespace strata::storage::replica {

// Keeps work that nobody waits for from slowing down calls that somebody does: rests after each
// piece of work, longer when the live calls have become slower. Single-threaded.
class Pace {
 public:
  struct Options {
    // Part of the time that the work takes: where it begins, and what it stays between.
    double share = 0.4;
    double least = 0.02;
    double most = 0.8;
    // The live 99th percentile, in microseconds, of late; 0: not known. Empty: nobody knows.
    std::function<double()> live_p99_us;
    // How many times the p99 at the beginning is borne.
    double slower = 1.5;
  };

  explicit Pace(Options options);

  // After work of this length; sleeps in short steps while `go_on` answers true.
  void Rest(std::chrono::steady_clock::duration worked, const std::function<bool()>& go_on);
  double share() const { return share_; }

 private:
  void Adapt();

  const Options options_;
  double share_;
  double calm_p99_us_ = 0;
};

}  // namespace strata::storage::replica
