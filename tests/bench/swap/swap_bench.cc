// Every layer of the embedded stack replaced 1,000 times under mixed HTTP and gRPC load with
// writes:
//   swap_bench [SWAPS [PACE_MS [CLIENTS [PART...]]]]    PART: versions, hosting, record, fhir
// prints failed requests, lost or doubled writes, what became of broken candidates, and p99 with
// and without swaps. Exit code 1 when something was lost.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/swap/campaign.h"
#include "tests/bench/swap/versions.h"
#include "tests/host/host_test_util.h"

namespace {

using strata::bench::CampaignResult;
using strata::bench::LayerStack;
using strata::bench::Load;

constexpr std::chrono::seconds kBaseline{10};

// True when nothing was lost.
bool Measure(const std::string& slot, const strata::bench::CampaignOptions& options, int clients) {
  const strata::host::TempDir folder;
  auto layers = LayerStack::Start(folder.path());
  if (!layers.ok()) {
    std::fprintf(stderr, "%s\n", layers.status().message().c_str());
    return false;
  }
  Load load((*layers)->http(), (*layers)->grpc(), clients);
  std::this_thread::sleep_for(kBaseline);
  const CampaignResult result = SwapAgainAndAgain(**layers, load, slot, options);
  load.Stop();
  const auto without = load.Figures(Load::kWithout);
  const auto swapping = load.Figures(Load::kSwapping);
  const auto excused = load.Figures(Load::kExcused);
  std::printf("%-8s %5d switched, %d refused, %d taken back, %zu unexpected\n", slot.c_str(),
              result.switched, result.refused, result.taken_back, result.unexpected.size());
  std::printf(
      "         %llu requests during the swaps, failed %llu, cancelled %llu; %llu writes "
      "acknowledged, lost or doubled %llu\n",
      static_cast<unsigned long long>(swapping.requests),
      static_cast<unsigned long long>(swapping.failed),
      static_cast<unsigned long long>(result.cancelled),
      static_cast<unsigned long long>(load.writes()),
      static_cast<unsigned long long>(load.lost_or_doubled()));
  std::printf(
      "         p50 %.2f ms, p99 %.2f ms; without swaps %.2f and %.2f ms (p99 x%.2f); longest "
      "pause %.1f ms, longest swap %.0f ms\n",
      swapping.p50_us / 1e3, swapping.p99_us / 1e3, without.p50_us / 1e3, without.p99_us / 1e3,
      swapping.p99_us / without.p99_us, result.longest_pause_ms, result.longest_change_ms);
  std::printf(
      "         while broken candidates served, until they were taken back: %llu of %llu "
      "requests answered with their errors\n",
      static_cast<unsigned long long>(excused.failed),
      static_cast<unsigned long long>(excused.requests));
  for (const auto& [fault, verdict] : result.verdicts) {
    std::printf("         - %s: %s (%.0f ms at most)\n", fault.c_str(), verdict.reason.c_str(),
                verdict.longest_ms);
  }
  for (const std::string& what : result.unexpected) std::printf("         ? %s\n", what.c_str());
  if (!load.first_fault().empty()) std::printf("         ! %s\n", load.first_fault().c_str());
  std::fflush(stdout);
  static_cast<void>((*layers)->Stop());
  return swapping.failed == 0 && load.lost_or_doubled() == 0 && result.unexpected.empty();
}

// True when no request met two versions.
bool MeasureVersions(int swaps, int clients) {
  const auto versions = strata::bench::SwapUnderWatch(swaps, clients);
  std::printf(
      "versions %5d switched; %llu requests of two calls each, failed %llu, met two versions "
      "%llu%s%s\n",
      versions.swaps, static_cast<unsigned long long>(versions.requests),
      static_cast<unsigned long long>(versions.failed),
      static_cast<unsigned long long>(versions.mixed), versions.fault.empty() ? "" : " ! ",
      versions.fault.c_str());
  std::fflush(stdout);
  return versions.failed == 0 && versions.mixed == 0 && versions.fault.empty();
}

}  // namespace

int main(int argc, char** argv) {
  strata::bench::CampaignOptions options;
  options.swaps = argc > 1 ? std::atoi(argv[1]) : 1000;
  options.pace = std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 100);
  const int clients = argc > 3 ? std::atoi(argv[3]) : 4;
  const std::vector<std::string> parts(argv + std::min(argc, 4), argv + argc);
  const auto wanted = [&](const std::string& part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  bool well = !wanted("versions") || MeasureVersions(options.swaps, clients);
  for (const std::string& slot : strata::bench::kLayers) {
    if (wanted(slot)) well = Measure(slot, options, clients) && well;
  }
  // Plugins that were told to hang may still run.
  std::quick_exit(well ? 0 : 1);
}
