// Damaged bytes on the disk are reported, never served.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "storage/sqlite/page_checksum.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

constexpr std::size_t kPage = 4096;

class SqliteCorruption : public ::testing::Test {
 protected:
  // Leaves a store of some 100 pages that was stopped in order.
  void SetUp() override {
    const std::unique_ptr<Engine> engine = Open();
    ASSERT_NE(engine, nullptr);
    for (int batch = 0; batch < 10; ++batch) {
      std::vector<std::string> keys;
      std::vector<std::string> values;
      for (int i = 0; i < 150; ++i) {
        keys.push_back("key" + std::to_string((batch * 150 + i) * 7919 % 100'000));
        // Some values need pages of their own.
        values.push_back(std::string(i % 50 == 0 ? 6000 : 150, static_cast<char>('a' + i % 26)));
      }
      std::vector<Mutation> puts;
      for (std::size_t i = 0; i < keys.size(); ++i) puts.push_back(Put(keys[i], values[i]));
      MustCommit(*engine, puts);
    }
    digest_ = Digest(*engine);
    ASSERT_TRUE(engine->Close().ok());
    std::ifstream file(Path(), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    ASSERT_GT(bytes_.size(), 50 * kPage);
  }

  std::string Path() const { return folder_.path() + "/store.db"; }

  std::unique_ptr<Engine> Open() {
    sqlite::SqliteOptions options;
    options.folder = folder_.path();
    options.page_bytes = kPage;
    Result<std::unique_ptr<Engine>> engine = sqlite::OpenSqliteEngine(options);
    if (engine.ok()) return *std::move(engine);
    open_status_ = engine.status();
    return nullptr;
  }

  void Write(const std::string& bytes) {
    std::ofstream(Path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  // DATA_LOSS, or all of it as it was: the damage is where nothing is read. Nothing else.
  Code ReadDamaged(const std::string& bytes) {
    Write(bytes);
    const std::unique_ptr<Engine> engine = Open();
    if (engine == nullptr) return open_status_.code();
    std::uint32_t crc = 0;
    const Status status = engine->Scan(ScanOptions(), [&crc](ScanChunk& chunk) {
      crc = Crc32c(chunk.rows, crc);
      return OkStatus();
    });
    EXPECT_TRUE(!status.ok() || crc == digest_) << "served damaged bytes";
    return status.code();
  }

  TempFolder folder_;
  std::string bytes_;
  std::uint32_t digest_ = 0;
  Status open_status_;
};

TEST_F(SqliteCorruption, AFlippedBitInAnyPageIsDataLoss) {
  std::mt19937 random(3);
  std::size_t reported = 0;
  const std::size_t pages = bytes_.size() / kPage;
  for (std::size_t page = 0; page < pages; ++page) {
    std::string damaged = bytes_;
    const std::size_t at = page * kPage + random() % kPage;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    const Code code = ReadDamaged(damaged);
    ASSERT_TRUE(code == Code::kOk || code == Code::kDataLoss) << page << " " << CodeName(code);
    if (code == Code::kDataLoss) ++reported;
  }
  // The rest are pages that this scan has no need of: the feed's, the request ids'.
  EXPECT_GT(reported, pages * 8 / 10);
}

TEST_F(SqliteCorruption, APageInTheWrongPlaceIsDataLoss) {
  const std::size_t pages = bytes_.size() / kPage;
  std::string swapped = bytes_;
  swapped.replace((pages / 2) * kPage, kPage, bytes_, (pages / 2 + 1) * kPage, kPage);
  swapped.replace((pages / 2 + 1) * kPage, kPage, bytes_, (pages / 2) * kPage, kPage);
  EXPECT_EQ(ReadDamaged(swapped), Code::kDataLoss);
}

TEST_F(SqliteCorruption, AFileThatIsCutOffIsDataLoss) {
  EXPECT_EQ(ReadDamaged(bytes_.substr(0, bytes_.size() / 2)), Code::kDataLoss);
  EXPECT_EQ(ReadDamaged(bytes_.substr(0, bytes_.size() / 2 + 100)), Code::kDataLoss);
}

TEST_F(SqliteCorruption, AnOverwrittenHeaderIsDataLoss) {
  std::string damaged = bytes_;
  damaged.replace(0, 100, std::string(100, 'x'));
  EXPECT_EQ(ReadDamaged(damaged), Code::kDataLoss);
}

TEST_F(SqliteCorruption, AGetOfADamagedPageIsDataLossAndOthersAreServed) {
  std::string damaged = bytes_;
  const std::size_t at = damaged.find("key7919");
  ASSERT_NE(at, std::string::npos);
  damaged[at + 30] = static_cast<char>(damaged[at + 30] ^ 1);
  Write(damaged);
  const std::unique_ptr<Engine> engine = Open();
  ASSERT_NE(engine, nullptr);

  EXPECT_EQ(Get(*engine, "key7919").status().code(), Code::kDataLoss);
  EXPECT_EQ(Get(*engine, "key0").status().code(), Code::kOk);
  EXPECT_EQ(BackupOf(*engine).status().code(), Code::kDataLoss);
}

TEST_F(SqliteCorruption, ADamagedPageInTheLogOfARunningStoreIsDataLoss) {
  const std::unique_ptr<Engine> engine = Open();
  const std::string value(700, 'q');  // in one piece
  MustCommit(*engine, {Put("in the log", value)});
  const std::string path = Path() + "-wal";
  std::ifstream file(path, std::ios::binary);
  const std::string log(std::istreambuf_iterator<char>(file), {});
  const int log_file = open(path.c_str(), O_WRONLY);
  int flipped = 0;
  for (std::size_t at = log.find(value); at != std::string::npos; at = log.find(value, at + 1)) {
    if (pwrite(log_file, "Q", 1, static_cast<off_t>(at)) == 1) ++flipped;
  }
  close(log_file);
  ASSERT_GT(flipped, 0);

  EXPECT_EQ(Get(*engine, "in the log").status().code(), Code::kDataLoss);
}

TEST(PageChecksum, TellsSoundFromDamaged) {
  std::string page(kPage, 'p');
  auto* bytes = reinterpret_cast<unsigned char*>(page.data());
  EXPECT_FALSE(sqlite::PageIsSound(bytes, kPage, 7));
  sqlite::SealPage(bytes, kPage, 7);
  EXPECT_TRUE(sqlite::PageIsSound(bytes, kPage, 7));
  EXPECT_FALSE(sqlite::PageIsSound(bytes, kPage, 8)) << "it belongs elsewhere";
  page[kPage - 1] ^= 1;
  EXPECT_FALSE(sqlite::PageIsSound(bytes, kPage, 7));
  page.assign(kPage, '\0');
  EXPECT_TRUE(sqlite::PageIsSound(bytes, kPage, 7)) << "never written";
}

}  // namespace
}  // namespace strata::storage::testing
