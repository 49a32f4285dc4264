#include "plugins/data_fhir/service/sweeper.h"

#include <algorithm>

namespace strata::fhir::service {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr auto kCallTimeout = std::chrono::seconds(60);
constexpr auto kIdle = std::chrono::seconds(10);
constexpr auto kLeastRest = std::chrono::milliseconds(10);
constexpr int kRestPerWork = 4;

}  // namespace

void Sweeper::Start() {
  background_.Start("fhir-sweep", [this] { return Step(); });
}

microseconds Sweeper::Step() {
  const auto begun = std::chrono::steady_clock::now();
  const Context cx = Context::Background(kCallTimeout);
  const auto progress = sweep_.Step(cx);
  // What fails is tried again: the layer below is gone, another node was faster, or worse.
  if (!progress.ok()) {
    const Code code = progress.status().code();
    if (code != Code::kAborted && code != Code::kUnavailable) {
      host_.Warning("index_sweep_failed", {{"code", CodeName(code)}});
    }
    return kIdle;
  }
  swept_.Record(static_cast<double>(progress->removed));
  of_pass_ += progress->removed;
  if (progress->ended && of_pass_ > 0) {
    host_.Info("index_swept", {{"rows", static_cast<std::int64_t>(of_pass_)}});
    of_pass_ = 0;
  }
  if (!progress->more) return kIdle;
  const auto took = duration_cast<microseconds>(std::chrono::steady_clock::now() - begun);
  return std::max<microseconds>(kLeastRest, took * kRestPerWork);
}

}  // namespace strata::fhir::service
