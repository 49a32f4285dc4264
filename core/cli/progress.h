#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace strata::cli {

// A progress bar with rate and time left on a terminal; elsewhere nothing but the last line.
// Written to stderr, so that stdout stays data. Single-threaded.
class Progress {
 public:
  // `unit` is what `done` counts ("resources"); the bar follows `part` of `whole` (bytes).
  Progress(std::string unit, std::uint64_t whole);

  // Redraws at most ten times a second.
  void Update(std::uint64_t done, std::uint64_t part);

  // Draws the last state and ends the line.
  void Finish(std::uint64_t done, std::uint64_t part);

  double seconds() const;

 private:
  void Draw(std::uint64_t done, std::uint64_t part) const;

  std::string unit_;
  std::uint64_t whole_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
};

// "1m05s"
std::string FormatSeconds(double seconds);

}  // namespace strata::cli
