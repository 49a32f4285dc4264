// What a trial costs the live stack, as ratios against the same stack without one: two callers, of
// ten calls eight reads, a search and a write, records in memory. "idle": the tap is there and
// copies next to nothing.
//   cmake --build --preset release --target trial_bench && build/release/bin/trial_bench
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/trial/trial_fixture.h"

namespace strata::trial {
namespace {

using std::chrono::steady_clock;

constexpr int kCallers = 2;
constexpr int kCalls = 1500;  // Of each caller in a round.
constexpr int kRounds = 7;
constexpr int kPatients = 200;

struct Figures {
  double calls_per_s = 0;
  double p50_us = 0;
  double p99_us = 0;
};

void Call(LiveStack& live, int caller, int i) {
  const std::string patient = "p" + std::to_string((i * 7 + caller) % kPatients);
  if (i % 10 == 0) {
    static_cast<void>(live.Put(patient, "N" + std::to_string(i)));
  } else if (i % 10 == 5) {
    static_cast<void>(live.Search("N" + std::to_string(i % 50)));
  } else {
    static_cast<void>(live.Read(patient));
  }
}

Figures Round(LiveStack& live) {
  std::vector<std::vector<double>> micros(kCallers);
  const auto begun = steady_clock::now();
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kCalls; ++i) {
        const auto at = steady_clock::now();
        Call(live, caller, i);
        const std::chrono::duration<double, std::micro> took = steady_clock::now() - at;
        micros[static_cast<std::size_t>(caller)].push_back(took.count());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const std::chrono::duration<double> took = steady_clock::now() - begun;
  std::vector<double> all;
  for (const auto& one : micros) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  return {static_cast<double>(all.size()) / took.count(), all[all.size() / 2],
          all[all.size() * 99 / 100]};
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Mode {
  const char* name;
  double shadow;
  double canary;
};
constexpr Mode kModes[] = {{"none", 0, 0},
                           {"idle tap", 0.0001, 0},
                           {"shadow 10 %", 10, 0},
                           {"shadow 100 %", 100, 0},
                           {"canary 5 %", 0, 5}};

Figures RoundIn(LiveStack& live, const Mode& mode) {
  if (mode.shadow == 0 && mode.canary == 0) return Round(live);
  core::v1::StartTrialRequest request;
  request.set_slot("record");
  request.set_package("data_fhir");
  request.set_shadow_percent(mode.shadow);
  request.set_canary_percent(mode.canary);
  const auto trial = live.StartTrial(request);
  if (!trial.ok()) {
    std::fprintf(stderr, "%s: %s\n", mode.name, trial.status().message().c_str());
    return {};
  }
  while (live.Get(trial->id()).state() == core::v1::Trial::STATE_PREPARING) {
    std::this_thread::yield();
  }
  const Figures out = Round(live);
  live.End(trial->id());
  return out;
}

void Run() {
  LiveStack live;
  for (int i = 0; i < kPatients; ++i) static_cast<void>(live.Put("p" + std::to_string(i), "Ng"));
  static_cast<void>(Round(live));
  constexpr std::size_t kCount = std::size(kModes);
  std::vector<double> rates[kCount];
  std::vector<double> medians[kCount];
  std::vector<double> tails[kCount];
  // Each round of each mode beside the others, so that a busy moment hits them all.
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t mode = 0; mode < kCount; ++mode) {
      const Figures figures = RoundIn(live, kModes[mode]);
      rates[mode].push_back(figures.calls_per_s);
      medians[mode].push_back(figures.p50_us);
      tails[mode].push_back(figures.p99_us);
    }
  }
  std::printf(
      "| trial | calls/s | of none | p50 us | p99 us | p99 of none |\n|---|---|---|---|---|---|\n");
  const double base = Median(rates[0]);
  const double base_tail = Median(tails[0]);
  for (std::size_t mode = 0; mode < kCount; ++mode) {
    std::printf("| %s | %.0f | %.2f | %.0f | %.0f | %.2f |\n", kModes[mode].name,
                Median(rates[mode]), Median(rates[mode]) / base, Median(medians[mode]),
                Median(tails[mode]), Median(tails[mode]) / base_tail);
  }
}

}  // namespace
}  // namespace strata::trial

int main() {
  strata::trial::Run();
  return 0;
}
