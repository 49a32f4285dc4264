// Every engine against the contract of storage/api/engine.h.
#include "tests/storage/engine_contract.h"

#include "storage/memory/memory_engine.h"
#include "storage/sqlite/sqlite_engine.h"
#include "tests/storage/engine_commits.h"
#include "tests/storage/engine_feed.h"
#include "tests/storage/engine_ingest.h"
#include "tests/storage/engine_reads.h"

namespace strata::storage::testing {
namespace {

std::unique_ptr<Engine> OpenMemory(const std::string& /*folder*/, const Clock& clock,
                                   std::size_t feed_bytes) {
  memory::MemoryOptions options;
  options.clock = clock;
  options.feed_bytes = feed_bytes;
  return memory::OpenMemoryEngine(options);
}

std::unique_ptr<Engine> OpenSqlite(const std::string& folder, const Clock& clock,
                                   std::size_t feed_bytes) {
  sqlite::SqliteOptions options;
  options.folder = folder;
  options.clock = clock;
  options.feed_bytes = feed_bytes;
  Result<std::unique_ptr<Engine>> engine = sqlite::OpenSqliteEngine(options);
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  return engine.ok() ? *std::move(engine) : nullptr;
}

const auto kName = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(Memory, EngineContract,
                         ::testing::Values(EngineParam{"memory", OpenMemory}), kName);
INSTANTIATE_TEST_SUITE_P(Sqlite, EngineContract,
                         ::testing::Values(EngineParam{"sqlite", OpenSqlite}), kName);

}  // namespace
}  // namespace strata::storage::testing
