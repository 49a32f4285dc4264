// The live move of a store under writes and reads: rate, pause, and what the live calls notice.
//   move_bench [--rows N] [FROM:TO ...]     memory, sqlite, encrypted, mirror; none: a choice
// "p99" compares the live calls during the move with the same calls before it and after it, since
// what a disk does differs from minute to minute; "digest" is of all rows, versions included, read
// from both sides by this program.
// The temporary folder must be on a disk that syncs for real.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "storage/replica/digest.h"
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
constexpr auto kCalm = std::chrono::seconds(8);        // measured before the move, and after it
constexpr std::size_t kLeastCalls = 100;               // of which a p99 is told

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

std::string KeyOf(std::uint64_t row) { return "row/" + std::to_string(100'000'000 + row); }

double Percentile(std::vector<double> times, double part) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(static_cast<double>(times.size() - 1) * part)];
}

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
  // Of the calls since it was last told; 0: too few.
  double RecentP99Us() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (recent_.size() < kLeastCalls) return 0;
    return Percentile(std::exchange(recent_, {}), 0.99) * 1000;
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

// A store of a kind in `slot`, after the stores that it is made of.
void AddStore(const std::string& kind, const std::string& slot, std::vector<HostingLayer>* layers) {
  if (kind == "memory") {
    layers->push_back({slot, strata_plugin_hosting_memory});
  } else if (kind == "encrypted") {
    AddStore("sqlite", slot + "-disk", layers);
    layers->push_back({slot,
                       strata_plugin_hosting_encrypted,
                       R"({"keys":[{"id":"k","command":["/usr/bin/printf","%064d","7"]}]})",
                       {{"store", slot + "-disk"}}});
  } else if (kind == "mirror") {
    AddStore("sqlite", slot + "-a", layers);
    AddStore("sqlite", slot + "-b", layers);
    layers->push_back({slot,
                       strata_plugin_hosting_mirror,
                       "{}",
                       {{"primary", slot + "-a"}, {"secondary", slot + "-b"}}});
  } else if (kind == "sqlite") {
    layers->push_back({slot, strata_plugin_hosting_sqlite});
  } else {
    Require(strata::InvalidArgument("no such store: " + kind));
  }
}

std::string DigestOf(const v1::HostingClient& store) {
  strata::storage::replica::RowDigest digest;
  Require(store.Scan(Context::Background(std::chrono::hours(1)), {}, [&](v1::ScanResponse& chunk) {
    strata::RowReader reader(chunk.rows());
    for (strata::Row row; reader.Next(&row);) digest.Add(row);
    return true;
  }));
  return digest.ToString();
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

struct Measured {
  double copied_ms = 0;
  double pause_ms = 0;
  std::vector<double> calm;  // milliseconds of the live calls
  std::vector<double> moving;
  std::string source;  // digests
  std::string target;
};

Measured Move(std::uint64_t rows, const v1::HostingClient& source,
              const v1::HostingClient& target) {
  Measured out;
  Clients clients(source, rows);
  std::this_thread::sleep_for(kCalm);
  out.calm = clients.Take();
  MoveOptions options;
  options.pace.live_p99_us = [&] { return clients.RecentP99Us(); };
  Mover mover({&source, &target}, options);
  const Context context = Context::Background(std::chrono::hours(1));
  const auto begun = SteadyClock::now();
  Require(mover.Copy(context));
  out.copied_ms = MillisecondsSince(begun);
  out.moving = clients.Take();
  {
    const auto closed = SteadyClock::now();
    const std::unique_lock<std::shared_mutex> gate(clients.gate);
    Require(mover.Finish(context));
    out.pause_ms = MillisecondsSince(closed);
    out.source = DigestOf(source);
    out.target = DigestOf(target);
  }
  clients.Take();  // Those that waited for the digests.
  std::this_thread::sleep_for(kCalm);
  const std::vector<double> after = clients.Take();
  out.calm.insert(out.calm.end(), after.begin(), after.end());
  return out;
}

bool Run(std::uint64_t rows, const std::string& from, const std::string& to) {
  std::vector<HostingLayer> layers;
  AddStore(from, "source", &layers);
  AddStore(to, "target", &layers);
  HostingStack stack(std::move(layers));
  Require(stack.Start());
  const v1::HostingClient source = stack.Client("source");
  const v1::HostingClient target = stack.Client("target");
  Load(source, rows);
  ::sync();  // What was loaded is written by now, and not during the measurement.
  const Measured run = Move(rows, source, target);
  const double before = Percentile(run.calm, 0.99);
  const double during = Percentile(run.moving, 0.99);
  const bool equal = run.source == run.target;
  std::printf(
      "%-9s -> %-9s %8llu rows %7.0f rows/s  pause %6.1f ms  p99 %6.2f -> %6.2f ms %5.2fx  "
      "digest %s\n",
      from.c_str(), to.c_str(), static_cast<unsigned long long>(rows),
      static_cast<double>(rows) / run.copied_ms * 1000, run.pause_ms, before, during,
      during / before, equal ? "equal" : "DIFFERS");
  std::fflush(stdout);
  return equal;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rows = 100'000;
  std::vector<std::string> pairs;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rows") == 0 && i + 1 < argc) {
      rows = std::strtoull(argv[++i], nullptr, 10);
    } else {
      pairs.emplace_back(argv[i]);
    }
  }
  if (pairs.empty()) {
    pairs = {"sqlite:memory", "memory:sqlite",    "sqlite:encrypted", "encrypted:sqlite",
             "sqlite:mirror", "mirror:encrypted", "memory:mirror"};
  }
  bool equal = true;
  for (const std::string& pair : pairs) {
    const std::size_t colon = std::min(pair.find(':'), pair.size() - 1);
    equal = Run(rows, pair.substr(0, colon), pair.substr(colon + 1)) && equal;
  }
  return equal ? 0 : 1;
}
