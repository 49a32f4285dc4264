// What the record does in a second: import, then reads, over SQLite with full durability.
//
//   data_bench [FOLDER [RESOURCES]]
//   data_bench --hits N      _total=accurate over N hits, N small resources imported before
//
// FOLDER (default: $STRATA_BENCH_DATA or the sample patients) holds Synthea bundles (*.json,
// *.json.zst; files that begin with 0- are loaded first). They are repeated under new ids and
// patients' identifiers until RESOURCES (default 54747) are in. Prints one line per figure.
// KEEP_STORE=FOLDER keeps the store there. NO_BASELINE=1 leaves out the plain loop (large stores:
// it holds all rows in memory).
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/data/v1/data.strata.h"
#include "tests/bench/data/bench_store.h"
#include "tests/bench/data/import_baseline.h"
#include "tests/support/fake_host.h"

namespace strata {
namespace {

namespace fs = std::filesystem;
using bench::FolderBytes;
using bench::PeakKilobytes;
using bench::Sender;
using bench::Stack;
using bench::Texts;
using data::v1::DataClient;

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Import(DataClient& client, const Context& cx, const fs::path& folder, std::uint64_t wanted) {
  Texts texts(folder, wanted);
  Sender sender(client, cx);
  const auto start = std::chrono::steady_clock::now();
  const double processor = ProcessorSeconds();
  const bool ok = sender.Run([&](std::string* text) { return texts.Next(text); });
  const double seconds = Seconds(start);
  std::printf(
      "import: %llu resources in %.1f s = %.0f resources/s (%.1f processor s), %llu faults; "
      "goal >= 6000/s\n",
      static_cast<unsigned long long>(sender.resources), seconds,
      static_cast<double>(sender.resources) / seconds, ProcessorSeconds() - processor,
      static_cast<unsigned long long>(sender.faults));
  std::fflush(stdout);
  return ok && sender.resources > 0 ? seconds : 0;
}

void CompareWithPlainLoop(const fs::path& folder, const fs::path& store, std::uint64_t wanted,
                          double seconds) {
  const fs::path scratch = store / "baseline";
  fs::create_directory(scratch);
  Texts texts(folder, wanted);
  const auto baseline =
      bench::RunBaseline(store, scratch, [&](std::string* text) { return texts.Next(text); });
  if (baseline) {
    std::printf(
        "a plain loop on one thread that parses the same files and writes the same %llu rows to "
        "SQLite: %.1f s; the import took %.2f times as long; goal <= 2\n",
        static_cast<unsigned long long>(baseline->rows), baseline->seconds,
        seconds / baseline->seconds);
  }
  fs::remove_all(scratch);
}

void Reads(DataClient& client, const Context& cx) {
  std::vector<std::pair<std::string, std::string>> ids;
  const Status exported = client.Export(cx, {}, [&](data::v1::ExportResponse& message) {
    for (const auto& resource : message.resources()) {
      ids.emplace_back(resource.type(), resource.id());
    }
    return ids.size() < 20'000;
  });
  if (!exported.ok()) return;
  constexpr int kReads = 200'000;
  const auto start = std::chrono::steady_clock::now();
  data::v1::ReadRequest request;
  data::v1::ReadResponse response;
  for (int i = 0; i < kReads; ++i) {
    const auto& [type, id] = ids[static_cast<std::size_t>(i) * 7919 % ids.size()];
    request.set_type(type);
    request.set_id(id);
    if (!client.Read(cx, request, &response).ok()) return;
  }
  std::printf("read: %.0f/s on one thread, in process\n", kReads / Seconds(start));
}

int Run(const fs::path& folder, std::uint64_t wanted) {
  Stack stack;
  double seconds = 0;
  {
    testing::FakeRequest request;
    DataClient client = stack.Client();
    seconds = Import(client, request.context(), folder, wanted);
    std::printf("peak memory: %ld MiB; goal < 512\n", PeakKilobytes() / 1024);
    Reads(client, request.context());
  }
  stack.Stop();
  std::printf("disk: %.0f bytes per resource; goal <= 1000\n",
              static_cast<double>(FolderBytes(stack.folder())) / static_cast<double>(wanted));
  if (seconds > 0 && std::getenv("NO_BASELINE") == nullptr) {
    CompareWithPlainLoop(folder, stack.folder(), wanted, seconds);
  }
  if (const char* keep = std::getenv("KEEP_STORE")) fs::rename(stack.folder(), keep);
  return seconds > 0 ? 0 : 1;
}

// How long a search takes that also counts all its hits.
double SecondsToCount(DataClient& client, const Context& cx, std::uint64_t* total) {
  data::v1::SearchRequest request;
  request.set_type("Observation");
  using Pair = std::pair<const char*, const char*>;
  for (const auto& [name, value] :
       {Pair("status", "final"), Pair("_total", "accurate"), Pair("_count", "20")}) {
    auto* parameter = request.add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  const auto start = std::chrono::steady_clock::now();
  const Status found = client.Search(cx, request, [&](data::v1::SearchResponse& message) {
    if (message.has_total()) *total = message.total();
    return true;
  });
  return found.ok() ? Seconds(start) : 0;
}

int RunHits(std::uint64_t hits) {
  Stack stack;
  testing::FakeRequest request;
  DataClient client = stack.Client();
  Sender sender(client, request.context());
  std::uint64_t sent = 0;
  const bool imported = sender.Run([&](std::string* text) {
    *text = R"({"resourceType":"Observation","id":"o)" + std::to_string(sent) +
            R"(","status":"final","code":{"text":"pulse"}})";
    return sent++ < hits;
  });
  std::vector<double> seconds;
  std::uint64_t total = 0;
  for (int i = 0; imported && i < 20; ++i) {
    seconds.push_back(SecondsToCount(client, request.context(), &total));
  }
  std::sort(seconds.begin(), seconds.end());
  if (seconds.empty() || total != hits) return 1;
  std::printf("_total=accurate over %llu hits: %.1f ms, at most %.1f ms; goal <= 50 ms\n",
              static_cast<unsigned long long>(total), seconds[seconds.size() / 2] * 1e3,
              seconds.back() * 1e3);
  std::printf("peak memory: %ld MiB; goal < 512\n", PeakKilobytes() / 1024);
  return 0;
}

}  // namespace
}  // namespace strata

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "--hits") {
    return strata::RunHits(std::strtoull(argv[2], nullptr, 10));
  }
  const char* folder = std::getenv("STRATA_BENCH_DATA");
  if (folder == nullptr) folder = STRATA_SAMPLES;
  if (argc > 1) folder = argv[1];
  constexpr std::uint64_t kDefault = 54'747;
  return strata::Run(folder, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : kDefault);
}
