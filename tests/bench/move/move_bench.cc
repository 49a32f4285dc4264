// The live move of a store under writes and reads: rate, pause, and what the live calls notice.
//   move_bench [--rows N] [--to memory|sqlite|encrypted|mirror] [--from memory|sqlite]
// The temporary folder must be on a disk that syncs for real.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/replica/mover.h"
#include "tests/support/hosting_stack.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_mirror(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_encrypted(uint32_t host_abi_minor);

namespace {

namespace v1 = strata::hosting::v1;
using strata::Context;
using strata::Status;
using strata::storage::replica::MoveOptions;
using strata::storage::replica::MoveProgress;
using strata::storage::replica::Mover;
using strata::testing::HostingLayer;
using strata::testing::HostingStack;
using SteadyClock = std::chrono::steady_clock;

constexpr int kWriters = 2;
constexpr auto kThink = std::chrono::milliseconds(5);  // between two requests of one client

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

std::string KeyOf(std::uint64_t row) { return "row/" + std::to_string(100'000'000 + row); }

// Clients that commit and read; what they waited for, by phase.
class Clients {
 public:
  Clients(const v1::HostingClient& client, std::uint64_t rows) : client_(client), rows_(rows) {
    for (unsigned i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { Run(i); });
  }
  ~Clients() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  // Milliseconds, of the calls since the last time.
  std::vector<double> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(times_, {});
  }
  double RecentP99Us() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (recent_.size() < 50) return 0;
    std::vector<double> sorted = recent_;
    std::sort(sorted.begin(), sorted.end());
    if (recent_.size() > 400) recent_.erase(recent_.begin(), recent_.end() - 200);
    return sorted[sorted.size() * 99 / 100] * 1000;
  }
  // What the gate of the core does: nobody inside while it is held.
  std::shared_mutex gate;

 private:
  void Run(unsigned number) {
    std::mt19937_64 random(number);
    const Context context = Context::Background(std::chrono::hours(1));
    while (!stop_) {
      const auto begun = SteadyClock::now();
      {
        const std::shared_lock<std::shared_mutex> inside(gate);
        if (random() % 2 == 0) {
          v1::CommitRequest request;
          v1::Put* put = request.add_mutations()->mutable_put();
          put->set_key(KeyOf(random() % rows_));
          put->set_value(std::string(200, 'w'));
          v1::CommitResponse response;
          Require(client_.Commit(context, request, &response));
        } else {
          v1::GetRequest request;
          request.add_keys(KeyOf(random() % rows_));
          v1::GetResponse response;
          Require(client_.Get(context, request, &response));
        }
      }
      const double took = MillisecondsSince(begun);
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        times_.push_back(took);
        recent_.push_back(took);
      }
      std::this_thread::sleep_for(kThink);
    }
  }

  const v1::HostingClient& client_;
  const std::uint64_t rows_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<double> times_;
  std::vector<double> recent_;
  std::vector<std::thread> threads_;
};

double Percentile(std::vector<double> times, double part) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(static_cast<double>(times.size() - 1) * part)];
}

std::vector<HostingLayer> Layers(const std::string& from, const std::string& to) {
  const auto plain = [](const std::string& kind, const char* slot) {
    return HostingLayer{
        slot, kind == "memory" ? strata_plugin_hosting_memory : strata_plugin_hosting_sqlite};
  };
  std::vector<HostingLayer> layers = {plain(from, "source")};
  if (to == "encrypted") {
    layers.push_back(plain("sqlite", "disk"));
    layers.push_back({"target",
                      strata_plugin_hosting_encrypted,
                      R"({"keys":[{"id":"k","command":["/usr/bin/printf","%064d","7"]}]})",
                      {{"store", "disk"}}});
  } else if (to == "mirror") {
    layers.push_back(plain("sqlite", "a"));
    layers.push_back(plain("sqlite", "b"));
    layers.push_back(
        {"target", strata_plugin_hosting_mirror, "{}", {{"primary", "a"}, {"secondary", "b"}}});
  } else {
    layers.push_back(plain(to, "target"));
  }
  return layers;
}

void Load(const v1::HostingClient& client, std::uint64_t rows) {
  const Context context = Context::Background(std::chrono::hours(1));
  v1::CommitRequest request;
  v1::CommitResponse response;
  for (std::uint64_t row = 0; row < rows; ++row) {
    v1::Put* put = request.add_mutations()->mutable_put();
    put->set_key(KeyOf(row));
    put->set_value(std::string(200, 'v'));
    if (request.mutations_size() < 2000 && row + 1 < rows) continue;
    Require(client.Commit(context, request, &response));
    request.Clear();
  }
}

void Run(std::uint64_t rows, const std::string& from, const std::string& to) {
  HostingStack stack(Layers(from, to));
  Require(stack.Start());
  const v1::HostingClient source = stack.Client("source");
  const v1::HostingClient target = stack.Client("target");
  Load(source, rows);
  Clients clients(source, rows);
  std::this_thread::sleep_for(std::chrono::seconds(5));
  const std::vector<double> calm = clients.Take();

  MoveOptions options;
  options.pace.live_p99_us = [&] { return clients.RecentP99Us(); };
  Mover mover({&source, &target}, options);
  const Context context = Context::Background(std::chrono::hours(1));
  const auto begun = SteadyClock::now();
  Require(mover.Copy(context));
  const double copied_ms = MillisecondsSince(begun);
  const std::vector<double> moving = clients.Take();
  const auto closed = SteadyClock::now();
  {
    const std::unique_lock<std::shared_mutex> gate(clients.gate);
    Require(mover.Finish(context));
  }
  const double pause_ms = MillisecondsSince(closed);
  const double before = Percentile(calm, 0.99);
  const double during = Percentile(moving, 0.99);
  std::printf(
      "%-7s -> %-10s %9llu rows  %8.0f rows/s  pause %6.1f ms  p50 %6.2f -> %6.2f ms  p99 %6.2f -> "
      "%6.2f ms (%.1fx)\n  digest %s\n",
      from.c_str(), to.c_str(), static_cast<unsigned long long>(mover.target().rows()),
      static_cast<double>(rows) / copied_ms * 1000, pause_ms, Percentile(calm, 0.5),
      Percentile(moving, 0.5), before, during, during / before, mover.target().ToString().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rows = 1'000'000;
  std::string from = "sqlite";
  std::string to = "sqlite";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rows") == 0) rows = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--from") == 0) from = argv[i + 1];
    if (std::strcmp(argv[i], "--to") == 0) to = argv[i + 1];
  }
  Run(rows, from, to);
  return 0;
}
