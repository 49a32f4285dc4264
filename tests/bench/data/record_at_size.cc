// The record at size: a store that grows to so many resources, and at each size the mix of
// searches, through the contract, over SQLite: what a client's search takes, and the memory of the
// process.
//
//   record_at_size STORE [RESOURCES...]      STORE: a folder that stays; it may hold an earlier
//   run's
//                                         store, which grows on. Default: 54747 547470 5474700
//   STRATA_BENCH_DATA=FOLDER              bundles to import (default: the sample patients)
//   STRATA_BENCH_HOSTING='{"cache_mib":512}'  settings of the store
//   IMPORT_SECONDS=N                      stops importing after so long; run it again to go on
//
// The last line says which kinds of search keep their p99 within 1.5 times that of the first size.
// A store takes 1 kB a resource on disk.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "tests/bench/data/bench_store.h"
#include "tests/bench/search/shapes.h"
#include "tests/fhir_search/request.h"
#include "tests/support/fake_host.h"

namespace strata::bench {
namespace {

namespace fs = std::filesystem;
using data::v1::DataClient;
using fhir::search::RequestOf;

constexpr double kSecondsPerShape = 1;
constexpr std::size_t kFewest = 40;  // searches of a shape
constexpr double kMostGrowth = 1.5;
constexpr double kPageMs = 1;

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

// How far the store's folder has got, in a file beside its rows.
std::pair<std::uint64_t, std::uint64_t> ReadPlace(const fs::path& folder) {
  std::pair<std::uint64_t, std::uint64_t> done;
  std::ifstream(folder / "imported") >> done.first >> done.second;
  return done;
}

void WritePlace(const fs::path& folder, std::pair<std::uint64_t, std::uint64_t> done) {
  std::ofstream(folder / "imported") << done.first << " " << done.second << "\n";
}

// false: not all are in.
bool Grow(Stack& stack, DataClient& client, std::uint64_t wanted) {
  const char* folder = std::getenv("STRATA_BENCH_DATA");
  const char* limit = std::getenv("IMPORT_SECONDS");
  const double most = limit == nullptr ? 1e9 : std::strtod(limit, nullptr);
  testing::FakeRequest request;
  Texts texts(folder == nullptr ? STRATA_SAMPLES : folder, wanted, ReadPlace(stack.folder()));
  Sender sender(client, request.context());
  bool all = false;
  const auto start = std::chrono::steady_clock::now();
  const bool ok = sender.Run([&](std::string* text) {
    if (Seconds(start) > most) return false;
    all = !texts.Next(text);
    return !all;
  });
  WritePlace(stack.folder(), texts.position());
  if (sender.resources > 0) {
    std::printf("import: %llu resources in %.0f s = %.0f/s, %llu in all; peak memory %ld MiB\n",
                static_cast<unsigned long long>(sender.resources), Seconds(start),
                static_cast<double>(sender.resources) / Seconds(start),
                static_cast<unsigned long long>(texts.position().second), PeakKilobytes() / 1024);
    std::fflush(stdout);
  }
  return ok && all;
}

std::vector<json::Document> Resources(DataClient& client, const char* query) {
  testing::FakeRequest request;
  std::vector<json::Document> found;
  static_cast<void>(
      client.Search(request.context(), RequestOf(query), [&](data::v1::SearchResponse& message) {
        for (const auto& entry : message.entries()) {
          auto document = json::Document::Parse(entry.resource().json());
          if (document.ok()) found.push_back(*std::move(document));
        }
        return true;
      }));
  return found;
}

std::vector<Shape> Mix(DataClient& client) {
  std::vector<Person> people;
  for (const json::Document& patient : Resources(client, "Patient?_count=20")) {
    const json::Value root = patient.root();
    // Repeated patients differ in the identifier that Synthea gives them.
    std::string own;
    for (const json::Value identifier : root["identifier"].elements()) {
      if (identifier["system"].string().ends_with("/synthea")) own = identifier["value"].string();
    }
    people.push_back({std::string(root["id"].string()), std::move(own),
                      std::string(root["name"].At(0)["family"].string())});
  }
  std::set<std::string> codes;
  for (const json::Document& observation : Resources(client, "Observation?_count=1000")) {
    codes.emplace(observation.root()["code"]["coding"].At(0)["code"].string());
  }
  return ShapesFor(people, {codes.begin(), codes.end()});
}

struct Figures {
  double p50_ms = 0;
  double p99_ms = 0;
};

Figures Measure(DataClient& client, const Shape& shape) {
  testing::FakeRequest request;
  std::vector<double> times;
  const auto all = std::chrono::steady_clock::now();
  for (std::size_t i = 0; Seconds(all) < kSecondsPerShape || times.size() < kFewest; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Status found = client.Search(request.context(), shape.requests[i % shape.requests.size()],
                                       [](data::v1::SearchResponse&) { return true; });
    if (!found.ok()) {
      std::fprintf(stderr, "%s: %s\n", shape.name, found.ToString().c_str());
      return {};
    }
    // The first one of each patient's reads from the disk.
    if (i >= shape.requests.size()) times.push_back(Seconds(start) * 1e3);
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

void PrintTable(const std::vector<std::uint64_t>& sizes, const std::vector<Shape>& mix,
                const std::vector<std::vector<Figures>>& figures) {
  std::printf("%-36s", "resources");
  for (const std::uint64_t size : sizes) {
    std::printf(" | %8llu: p50 ms p99 ms", static_cast<unsigned long long>(size));
  }
  std::printf(" | p99 ratio\n");
  std::string growing;
  std::size_t held = 0;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < mix.size(); ++i) {
    std::printf("%-36s", mix[i].name);
    for (const auto& of : figures) std::printf(" | %16.2f %6.2f", of[i].p50_ms, of[i].p99_ms);
    const double first = figures.front()[i].p99_ms;
    const double last = figures.back()[i].p99_ms;
    std::printf(" | %9.2f\n", last / first);
    if (mix[i].grows) continue;
    ++asked;
    if (last <= kMostGrowth * std::max(first, kPageMs)) {
      ++held;
    } else {
      growing += (growing.empty() ? "; growing: " : ", ") + std::string(mix[i].name);
    }
  }
  std::printf(
      "%zu of %zu kinds of search whose answer does not grow keep their p99 within %.1fx (or below "
      "%.1f ms) from %llu to %llu resources%s\n",
      held, asked, kMostGrowth, kMostGrowth * kPageMs,
      static_cast<unsigned long long>(sizes.front()), static_cast<unsigned long long>(sizes.back()),
      growing.c_str());
}

int Run(const fs::path& folder, const std::vector<std::uint64_t>& sizes) {
  Stack stack(folder);
  DataClient client = stack.Client();
  std::vector<Shape> mix;
  std::vector<std::vector<Figures>> figures;
  for (const std::uint64_t size : sizes) {
    if (!Grow(stack, client, size)) return 1;
    mix = Mix(client);
    auto& of = figures.emplace_back();
    for (const Shape& shape : mix) of.push_back(Measure(client, shape));
    std::printf("%llu resources: disk %.0f bytes each; peak memory %ld MiB; goal < 512\n",
                static_cast<unsigned long long>(size),
                static_cast<double>(FolderBytes(folder)) / static_cast<double>(size),
                PeakKilobytes() / 1024);
    std::fflush(stdout);
  }
  PrintTable(sizes, mix, figures);
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: record_at_size STORE [RESOURCES...]\n");
    return 2;
  }
  std::vector<std::uint64_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {54'747, 547'470, 5'474'700};
  return strata::bench::Run(argv[1], sizes);
}
