#include "tests/bench/swap/versions.h"

#include <atomic>
#include <thread>
#include <vector>

#include "hosttest/data/v1/probe.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"

namespace strata::bench {
namespace {

constexpr const char* kSlots =
    "  store: {plugin: hosttest_probe_1}\n"
    "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n";
constexpr std::uint32_t kBetweenCallsUs = 50;

enum class Seen { kOne, kTwo, kFailed };

Seen Look(host::TestStack& stack) {
  hosttest::data::v1::LookRequest look;
  look.set_hops(1);
  look.set_pause_us(kBetweenCallsUs);
  host::IngressCall call(look.SerializeAsString());
  if (stack.Call("record", "Look", &call) != STRATA_OK) return Seen::kFailed;
  hosttest::data::v1::LookResponse response;
  response.ParseFromString(call.responses().at(0));
  if (response.seen_size() != 3 || response.seen(0).code() != 0) return Seen::kFailed;
  return response.seen(1).version() == response.seen(2).version() ? Seen::kOne : Seen::kTwo;
}

}  // namespace

VersionsResult SwapUnderWatch(int swaps, int clients) {
  VersionsResult out;
  auto stack = host::TestStack::Start(kSlots);
  if (!stack.ok()) {
    out.fault = stack.status().message();
    return out;
  }
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> mixed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const Seen seen = Look(**stack);
        failed += seen == Seen::kFailed ? 1 : 0;
        mixed += seen == Seen::kTwo ? 1 : 0;
        ++requests;
      }
    });
  }
  host::ChangeClient client(***stack);
  while (out.swaps < swaps && out.fault.empty()) {
    const std::uint64_t seen = requests;
    const auto change =
        client.SwapAndWait("store", out.swaps % 2 == 0 ? "hosttest_probe_2" : "hosttest_probe_1");
    if (!change.ok()) out.fault = change.status().message();
    ++out.swaps;
    while (requests == seen) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  out.requests = requests;
  out.failed = failed;
  out.mixed = mixed;
  return out;
}

}  // namespace strata::bench
