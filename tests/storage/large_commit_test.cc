// The largest commit that is allowed, in a bounded amount of memory.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "storage/api/mutation_spool.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

// The most memory that this process has had, from /proc.
std::size_t PeakMebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6)) / 1024;
  }
  return 0;
}

TEST(LargeCommit, TakesBoundedMemory) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path());
  const Limits& limits = engine->limits();
  const std::size_t before = PeakMebibytes();
  MutationSpool spool(folder.path(), limits);
  const std::string value(4000, 'v');
  std::size_t rows = 0;
  for (; spool.SizeBytes() + value.size() + 12 <= limits.max_commit_bytes; ++rows) {
    const std::string key = "key" + std::to_string(100'000'000 + rows);
    ASSERT_TRUE(spool.Add(Put(key, value)).ok());
  }
  CommitRequest request;
  request.more = &spool;

  const Result<CommitResult> result = engine->Commit(request);

  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_GT(rows, 60'000U);
  EXPECT_LT(PeakMebibytes() - before, 48U);
  std::size_t scanned = 0;
  ASSERT_TRUE(engine
                  ->Scan(ScanOptions(),
                         [&](ScanChunk& chunk) {
                           scanned += chunk.row_count;
                           return OkStatus();
                         })
                  .ok());
  EXPECT_EQ(scanned, rows);
  EXPECT_LT(PeakMebibytes() - before, 48U);
}

}  // namespace
}  // namespace strata::storage::testing
