// What hosting plugins on top of others cost: the same calls through each composition, in one
// process.
//   compose_bench [--seconds S]
// The temporary folder must be on a disk that syncs for real.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hosting_stack.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_mirror(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_encrypted(uint32_t host_abi_minor);

namespace {

namespace v1 = strata::hosting::v1;
using strata::Context;
using strata::Status;
using strata::testing::HostingLayer;
using strata::testing::HostingStack;
using SteadyClock = std::chrono::steady_clock;

constexpr int kRows = 100'000;

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Processor time of the whole program: the same on a machine that is busy with other things.
double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void AddPut(v1::CommitRequest* request, const std::string& key, std::size_t size) {
  v1::Put* put = request->add_mutations()->mutable_put();
  put->set_key(key);
  put->set_value(std::string(size, 'v'));
}

std::string KeyOf(int row) { return "row/" + std::to_string(10'000'000 + row); }

struct CommitFigures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

CommitFigures Commits(const v1::HostingClient& client, int writers, double seconds) {
  std::vector<std::vector<double>> times(static_cast<std::size_t>(writers));
  std::vector<std::thread> threads;
  const auto start = SteadyClock::now();
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      std::mt19937 random(static_cast<unsigned>(writer));
      const Context context = Context::Background(std::chrono::minutes(5));
      while (SecondsSince(start) < seconds) {
        v1::CommitRequest request;
        AddPut(&request, KeyOf(static_cast<int>(random() % kRows)), 100);
        v1::CommitResponse response;
        const auto begun = SteadyClock::now();
        Require(client.Commit(context, request, &response));
        times[static_cast<std::size_t>(writer)].push_back(SecondsSince(begun) * 1000);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return {static_cast<double>(all.size()) / SecondsSince(start), all[all.size() / 2],
          all[all.size() * 99 / 100]};
}

void Measure(const char* name, const std::vector<HostingLayer>& layers, double seconds) {
  HostingStack stack(layers);
  Require(stack.Start());
  const v1::HostingClient client = stack.Client(stack.layers().back().slot);
  const Context context = Context::Background(std::chrono::minutes(10));

  double cpu = CpuSeconds();
  auto start = SteadyClock::now();
  for (int row = 0; row < kRows; row += 1000) {
    v1::CommitRequest request;
    for (int i = row; i < row + 1000; ++i) AddPut(&request, KeyOf(i), 100);
    v1::CommitResponse response;
    Require(client.Commit(context, request, &response));
  }
  const double import_us = (CpuSeconds() - cpu) * 1e6 / kRows;
  const double import_rate = kRows / SecondsSince(start);

  const CommitFigures one = Commits(client, 1, seconds);
  const CommitFigures many = Commits(client, 16, seconds);

  constexpr int kGets = 50'000;
  std::mt19937 random(1);
  cpu = CpuSeconds();
  for (int i = 0; i < kGets; ++i) {
    v1::GetRequest request;
    request.add_keys(KeyOf(static_cast<int>(random() % kRows)));
    v1::GetResponse response;
    Require(client.Get(context, request, &response));
  }
  const double get_us = (CpuSeconds() - cpu) * 1e6 / kGets;

  cpu = CpuSeconds();
  std::uint64_t rows = 0;
  Require(client.Scan(context, {}, [&](v1::ScanResponse& chunk) {
    rows += chunk.row_count();
    return true;
  }));
  const double scan_us = (CpuSeconds() - cpu) * 1e6 / static_cast<double>(rows);
  std::printf("%-26s %8.0f %7.2f %7.2f %8.0f %7.2f %7.2f %9.0f %8.2f %7.2f %7.3f\n", name,
              one.per_second, one.p50_ms, one.p99_ms, many.per_second, many.p50_ms, many.p99_ms,
              import_rate, import_us, get_us, scan_us);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
  }
  const HostingLayer memory{"memory", strata_plugin_hosting_memory};
  const HostingLayer sqlite{"sqlite", strata_plugin_hosting_sqlite};
  const HostingLayer other{"other", strata_plugin_hosting_sqlite};
  const auto mirror = [](const char* first, const char* second) {
    return HostingLayer{
        "mirror", strata_plugin_hosting_mirror, "{}", {{"primary", first}, {"secondary", second}}};
  };
  const auto encrypted = [](const char* store) {
    return HostingLayer{"encrypted",
                        strata_plugin_hosting_encrypted,
                        R"({"keys":[{"id":"k","command":["/usr/bin/printf","%064d","7"]}]})",
                        {{"store", store}}};
  };
  std::printf("%-26s %24s %24s %18s %7s %7s\n", "rows of 100 B", "1 writer: /s, p50, p99 ms",
              "16 writers: /s, p50, p99", "import: /s, CPU us", "Get us", "Scan us");
  Measure("memory", {memory}, seconds);
  Measure("sqlite", {sqlite}, seconds);
  Measure("encrypted(sqlite)", {sqlite, encrypted("sqlite")}, seconds);
  Measure("mirror(sqlite, sqlite)", {sqlite, other, mirror("sqlite", "other")}, seconds);
  Measure("mirror(memory, sqlite)", {memory, sqlite, mirror("memory", "sqlite")}, seconds);
  Measure("mirror(memory, encrypted)",
          {memory, sqlite, encrypted("sqlite"), mirror("memory", "encrypted")}, seconds);
  Measure("encrypted(mirror)", {sqlite, other, mirror("sqlite", "other"), encrypted("mirror")},
          seconds);
  return 0;
}
