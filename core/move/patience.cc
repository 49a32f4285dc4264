#include "core/move/patience.h"

#include <thread>
#include <utility>

namespace strata::move {
namespace {

constexpr auto kLongest = std::chrono::seconds(60);
constexpr auto kAskAgain = std::chrono::milliseconds(50);
constexpr int kMostFailures = 5;

// False: they do not answer, or it is to end.
bool AwaitAnswer(const Patience& patience) {
  const auto until = std::chrono::steady_clock::now() + kLongest;
  while (std::chrono::steady_clock::now() < until && patience.go_on()) {
    if (patience.answers()) return true;
    std::this_thread::sleep_for(kAskAgain);
  }
  return false;
}

}  // namespace

Status CopyWithPatience(const Patience& patience) {
  std::uint64_t before = 0;
  for (int failures = 0;; ++failures) {
    const Status copied = patience.copy();
    if (copied.code() != Code::kUnavailable) return copied;
    const std::uint64_t now = patience.progress();
    if (now > std::exchange(before, now)) failures = 0;
    if (failures == kMostFailures || !AwaitAnswer(patience)) return copied;
    patience.resumed(copied);
  }
}

}  // namespace strata::move
