#include "core/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace strata::cli {

Progress::Progress(std::string unit, std::uint64_t whole)
    : unit_(std::move(unit)),
      whole_(whole),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::Update(std::uint64_t done, std::uint64_t part) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  Draw(done, part);
}

void Progress::Finish(std::uint64_t done, std::uint64_t part) {
  Draw(done, part);
  std::fputc('\n', stderr);
}

void Progress::Draw(std::uint64_t done, std::uint64_t part) const {
  constexpr std::size_t kWidth = 24;
  const double share =
      whole_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole_));
  const auto filled = static_cast<std::size_t>(share * kWidth);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  const double elapsed = std::max(seconds(), 1e-3);
  const std::string left =
      share > 0.01 ? FormatSeconds(elapsed / share * (1 - share)) : std::string("?");
  std::fprintf(stderr, "%s[%s] %3.0f %%  %llu %s  %.0f/s  %s elapsed, %s left",
               terminal_ ? "\r\033[K" : "", bar.c_str(), share * 100,
               static_cast<unsigned long long>(done), unit_.c_str(),
               static_cast<double>(done) / elapsed, FormatSeconds(elapsed).c_str(), left.c_str());
  std::fflush(stderr);
}

std::string FormatSeconds(double seconds) {
  std::array<char, 32> text{};
  if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%.1fs", seconds);
  } else {
    const auto whole = static_cast<long>(seconds);
    std::snprintf(text.data(), text.size(), "%ldm%02lds", whole / 60, whole % 60);
  }
  return text.data();
}

}  // namespace strata::cli
