// What the router costs: entering a request, one call of a plugin that only sends its request back,
// both together, from one and from two threads. Prints nanoseconds; needs the fixture plugins.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/host/stack.h"
#include "core/sdk/strata/abi.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCalls = 200'000;
constexpr int kRounds = 5;

constexpr strata_call_ops kOps = {
    sizeof(strata_call_ops),
    [](strata_call*, strata_bytes) -> strata_code { return STRATA_OK; },
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr};

strata_call MakeCall() {
  static const std::string body(2048, 'x');
  strata_call call{};
  call.struct_size = sizeof call;
  call.ops = &kOps;
  call.request = abi::Bytes(body);
  call.deadline_us = InUs(std::chrono::minutes(10));
  return call;
}

// Processor time of the whole process: other programs on the machine do not count.
double CpuNs() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Best of some rounds, in nanoseconds of processor time per call.
template <typename F>
double Best(F&& round, int calls = kCalls) {
  double best = 1e18;
  for (int i = 0; i < kRounds; ++i) {
    const double begin = CpuNs();
    round();
    best = std::min(best, (CpuNs() - begin) / calls);
  }
  return best;
}

double ClockOnly() {
  return Best([] {
    for (int i = 0; i < kCalls; ++i) {
      if (Clock::now().time_since_epoch().count() == 0) std::abort();
    }
  });
}

double EnterOnly(Stack& stack) {
  return Best([&] {
    for (int i = 0; i < kCalls; ++i) {
      if (!stack.Enter(0).ok()) std::abort();
    }
  });
}

double CallOnly(Stack& stack) {
  const auto pin = stack.Enter(0);
  const Target target = *(*pin)->FindMethod("good", "/fixture.v1.Echo/Echo");
  return Best([&] {
    for (int i = 0; i < kCalls; ++i) {
      strata_call call = MakeCall();
      if ((*pin)->Call(target, &call) != STRATA_OK) std::abort();
    }
  });
}

void WholeRequests(Stack& stack) {
  for (int i = 0; i < kCalls; ++i) {
    const auto pin = stack.Enter(0);
    const auto target = (*pin)->FindMethod("good", "/fixture.v1.Echo/Echo");
    strata_call call = MakeCall();
    if ((*pin)->Call(*target, &call) != STRATA_OK) std::abort();
  }
}

double TwoThreads(Stack& stack) {
  return Best(
      [&] {
        std::thread other([&] { WholeRequests(stack); });
        WholeRequests(stack);
        other.join();
      },
      2 * kCalls);
}

double ResidentMib() {
  std::ifstream in("/proc/self/statm");
  double total = 0;
  double resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

int Main() {
  const auto begin = Clock::now();
  auto started = TestStack::Start("  good: {plugin: good}\n  other: {plugin: old_table}\n");
  const std::chrono::duration<double, std::milli> start = Clock::now() - begin;
  if (!started.ok()) {
    std::fprintf(stderr, "%s\n", started.status().message().c_str());
    return 1;
  }
  Stack& stack = ***started;
  std::printf("start of a stack of two slots       %8.1f ms\n", start.count());
  std::printf("resident memory                     %8.1f MiB\n", ResidentMib());
  std::printf("reading the clock once              %8.1f ns\n", ClockOnly());
  std::printf("enter and leave                     %8.1f ns\n", EnterOnly(stack));
  std::printf("call (2 KiB echo, plain C plugin)   %8.1f ns\n", CallOnly(stack));
  std::printf("enter, find the method, call, leave %8.1f ns\n",
              Best([&] { WholeRequests(stack); }));
  std::printf("the same on two threads, each       %8.1f ns\n", TwoThreads(stack));
  return 0;
}

}  // namespace
}  // namespace strata::host

int main() { return strata::host::Main(); }
