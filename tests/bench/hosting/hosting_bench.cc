// Figures of the SQLite engine, each beside a baseline measured in the same run:
//   hosting_bench [--folder DIR] [--page-kib N] [--seconds S]
// DIR must be on a disk that syncs for real: on a memory file system the figures mean nothing.
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/base/rows.h"
#include "storage/sqlite/sqlite_engine.h"

namespace {

using namespace strata;           // NOLINT(google-build-using-namespace): a program of one file
using namespace strata::storage;  // NOLINT(google-build-using-namespace)
using SteadyClock = std::chrono::steady_clock;

struct Arguments {
  std::string folder = (std::filesystem::temp_directory_path() / "strata-hosting-bench").string();
  std::uint32_t page_kib = 0;  // 0: the engine's default
  double seconds = 3;
};

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

std::unique_ptr<Engine> OpenEmpty(const Arguments& arguments) {
  std::filesystem::remove_all(arguments.folder);
  sqlite::SqliteOptions options;
  options.folder = arguments.folder;
  if (arguments.page_kib != 0) options.page_bytes = arguments.page_kib * 1024;
  Result<std::unique_ptr<Engine>> engine = sqlite::OpenSqliteEngine(options);
  Require(engine.status());
  return *std::move(engine);
}

Mutation Put(const std::string& key, const std::string& value) {
  Mutation mutation;
  mutation.key = key;
  mutation.value = value;
  return mutation;
}

std::string Fixed64(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

// One SQLite transaction and one sync per commit, as a program without group commit does it.
double RawCommitRate(const Arguments& arguments) {
  std::filesystem::remove_all(arguments.folder);
  std::filesystem::create_directories(arguments.folder);
  sqlite3* database = nullptr;
  sqlite3_open((arguments.folder + "/raw.db").c_str(), &database);
  sqlite3_exec(database,
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE kv(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* put = nullptr;
  sqlite3_prepare_v2(database, "INSERT OR REPLACE INTO kv VALUES(?, ?)", -1, &put, nullptr);
  std::mt19937_64 random(1);
  std::uint64_t commits = 0;
  const auto start = SteadyClock::now();
  while (SecondsSince(start) < arguments.seconds) {
    const std::string key = Fixed64(random());
    const std::string value(100, 'v');
    sqlite3_bind_blob(put, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    if (sqlite3_step(put) == SQLITE_DONE) ++commits;
    sqlite3_reset(put);
  }
  const double rate = static_cast<double>(commits) / SecondsSince(start);
  sqlite3_finalize(put);
  sqlite3_close(database);
  return rate;
}

struct CommitFigures {
  double per_second = 0;
  double per_sync = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

CommitFigures MeasureCommits(const Arguments& arguments, unsigned writers) {
  const std::unique_ptr<Engine> engine = OpenEmpty(arguments);
  const Stats before = engine->GetStats();
  std::vector<std::vector<double>> times(writers);
  std::vector<std::thread> threads;
  const auto start = SteadyClock::now();
  for (unsigned writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      std::mt19937_64 random(writer);
      const std::string value(100, 'v');
      while (SecondsSince(start) < arguments.seconds) {
        const std::string key = Fixed64(random());
        CommitRequest request;
        request.mutations.push_back(Put(key, value));
        const auto begin = SteadyClock::now();
        Require(engine->Commit(request).status());
        times[writer].push_back(SecondsSince(begin) * 1000);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double elapsed = SecondsSince(start);
  const Stats after = engine->GetStats();
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  const auto commits = static_cast<double>(all.size());
  return {commits / elapsed, commits / static_cast<double>(after.syncs - before.syncs),
          all[all.size() / 2], all[all.size() * 99 / 100], all.back()};
}

struct Resource {
  std::vector<std::string> keys;
  std::vector<std::string> values;
};

// 20 index rows of about 30 bytes: each in a key space of its own, in the order of the import
// (`sorted`) or under a hash.
void MakeRows(std::uint64_t number, bool sorted, std::mt19937_64* random, Resource* resource) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::string key(1, static_cast<char>('A' + i));
    key += Fixed64(sorted ? number : (*random)());
    key += Fixed64(number);
    resource->keys.push_back(std::move(key));
    resource->values.push_back(std::string(13, 'v'));
  }
}

// Processor time of the whole program: unlike the clock on the wall it tells the same on a machine
// that is busy with other things.
double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Bytes that this process has written to files, from /proc.
double WrittenBytes() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    double value = 0;
    io >> value;
    if (name == "wchar:") return value;
  }
  return 0;
}

struct ImportFigures {
  double rows_per_second = 0;
  double cpu_us_per_row = 0;
  double written_per_row = 0;
};

ImportFigures MeasureImport(const Arguments& arguments, bool sorted,
                            std::uint64_t resources_per_commit) {
  const std::unique_ptr<Engine> engine = OpenEmpty(arguments);
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> rows{0};
  const double cpu = CpuSeconds();
  const double written = WrittenBytes();
  const auto start = SteadyClock::now();
  const auto import = [&](unsigned seed) {
    std::mt19937_64 random(seed);
    while (SecondsSince(start) < arguments.seconds * 2) {
      Resource batch;
      for (std::uint64_t i = 0; i < resources_per_commit; ++i) {
        MakeRows(next++, sorted, &random, &batch);
      }
      CommitRequest request;
      for (std::size_t i = 0; i < batch.keys.size(); ++i) {
        request.mutations.push_back(Put(batch.keys[i], batch.values[i]));
      }
      std::sort(request.mutations.begin(), request.mutations.end(),
                [](const Mutation& a, const Mutation& b) { return a.key < b.key; });
      Require(engine->Commit(request).status());
      rows += request.mutations.size();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; ++i) threads.emplace_back(import, i);
  for (std::thread& thread : threads) thread.join();
  return {static_cast<double>(rows) / SecondsSince(start),
          (CpuSeconds() - cpu) * 1e6 / static_cast<double>(rows),
          (WrittenBytes() - written) / static_cast<double>(rows)};
}

struct ReadFigures {
  double get_hot_ns = 0;
  double get_ns = 0;
  double scan_ns = 0;
  double keys_ns = 0;
};

double NanosecondsPer(std::uint64_t count, const std::function<void()>& run) {
  const double cpu = CpuSeconds();
  run();
  return (CpuSeconds() - cpu) * 1e9 / static_cast<double>(count);
}

ReadFigures MeasureReads(const Arguments& arguments) {
  const std::unique_ptr<Engine> engine = OpenEmpty(arguments);
  constexpr std::uint64_t kRows = 200'000;
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < kRows; ++i) keys.push_back("index/" + Fixed64(i * 7919 % kRows));
  const std::string value(30, 'v');
  CommitRequest request;
  for (const std::string& key : keys) request.mutations.push_back(Put(key, value));
  Require(engine->Commit(request).status());

  const auto get = [&](std::string_view key) {
    Require(engine->Get(std::span(&key, 1), {}, [](std::size_t, Version, std::string_view) {})
                .status());
  };
  const auto scan = [&](bool keys_only) {
    ScanOptions options;
    options.keys_only = keys_only;
    Require(engine->Scan(options, [](ScanChunk&) { return OkStatus(); }));
  };
  ReadFigures figures;
  scan(false);
  figures.get_hot_ns = NanosecondsPer(300'000, [&] {
    for (int i = 0; i < 300'000; ++i) get(keys[7]);
  });
  figures.get_ns = NanosecondsPer(kRows, [&] {
    for (const std::string& key : keys) get(key);
  });
  figures.scan_ns = NanosecondsPer(kRows, [&] { scan(false); });
  figures.keys_ns = NanosecondsPer(kRows, [&] { scan(true); });
  return figures;
}

void Report(const Arguments& arguments) {
  const double raw = RawCommitRate(arguments);
  std::printf(
      "single-key commits, full durability    per second   per sync   p50 ms   p99 ms   max ms\n");
  std::printf("  raw SQLite, one at a time            %10.0f   %8.1f\n", raw, 1.0);
  for (const unsigned writers : {1U, 8U, 64U}) {
    const CommitFigures figures = MeasureCommits(arguments, writers);
    std::printf(
        "  engine, %2u writers                   %10.0f   %8.1f   %6.2f   %6.2f   %6.0f   %5.1fx\n",
        writers, figures.per_second, figures.per_sync, figures.p50_ms, figures.p99_ms,
        figures.max_ms, figures.per_second / raw);
  }
  std::printf(
      "import, 2 threads, 20 rows of 30 B per resource    rows per second   CPU us per row   bytes "
      "written per row\n");
  for (const std::uint64_t resources : {std::uint64_t{50}, std::uint64_t{500}}) {
    for (const bool sorted : {true, false}) {
      const ImportFigures figures = MeasureImport(arguments, sorted, resources);
      std::printf(
          "  %3llu resources per commit, %s keys             %10.0f       %10.2f   %10.0f\n",
          static_cast<unsigned long long>(resources), sorted ? "growing" : "random ",
          figures.rows_per_second, figures.cpu_us_per_row, figures.written_per_row);
    }
  }
  const ReadFigures reads = MeasureReads(arguments);
  std::printf("reads of 200,000 rows of 44 B          CPU ns\n");
  std::printf("  get, the same key             %12.0f\n", reads.get_hot_ns);
  std::printf("  get, any key                  %12.0f\n", reads.get_ns);
  std::printf("  scan, per row                 %12.0f\n", reads.scan_ns);
  std::printf("  scan, per row, keys only      %12.0f\n", reads.keys_ns);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--folder") == 0) arguments.folder = argv[i + 1];
    if (std::strcmp(argv[i], "--seconds") == 0) arguments.seconds = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--page-kib") == 0) {
      arguments.page_kib = static_cast<std::uint32_t>(std::atoi(argv[i + 1]));
    }
  }
  Report(arguments);
  std::filesystem::remove_all(arguments.folder);
  return 0;
}
