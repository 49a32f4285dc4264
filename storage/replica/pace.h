#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace strata::storage::replica {

// Keeps work that nobody waits for from slowing down calls that somebody does: rests after each
// piece of work, longer when the live calls have become slower, shorter while there are hardly any.
// Single-threaded.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    // Part of the time that the work takes: where it begins, and what it stays between. `least` is
    // what it costs to be sure that the work ends.
    double share = 0.4;
    double least = 0.1;
    double most = 0.8;
    // The live 99th percentile, in microseconds, of the calls since it was asked last; 0: there
    // were too few to tell. Empty: nobody knows.
    std::function<double()> live_p99_us;
    // How many times the calm p99 is borne.
    double slower = 1.5;
    // How often the live calls are looked at.
    Clock::duration window = std::chrono::milliseconds(500);
    // How long they are looked at before the work, at most, to know what they take in peace.
    Clock::duration calm = std::chrono::seconds(2);
    // Waits; empty: sleeps. Tests put their own time here, together with `now`.
    std::function<void(Clock::duration)> sleep;
    std::function<Clock::time_point()> now;
  };

  explicit Pace(Options options);

  // Before the work: looks at the live calls until they are known, at most `calm`, while `go_on`
  // answers true. Does nothing the second time.
  void Look(const std::function<bool()>& go_on);
  // After work of this length; sleeps in short steps while `go_on` answers true.
  void Rest(Clock::duration worked, const std::function<bool()>& go_on);
  double share() const { return share_; }
  // Microseconds; 0: not known.
  double calm_p99_us() const { return calm_p99_us_; }

 private:
  void Adapt(const std::function<bool()>& go_on);
  void Sleep(Clock::duration time) const;
  Clock::time_point Now() const { return options_.now ? options_.now() : Clock::now(); }

  const Options options_;
  double share_;
  double calm_p99_us_ = 0;
  bool looked_ = false;
  bool looked_again_ = false;
  Clock::time_point adapted_{};
};

}  // namespace strata::storage::replica
