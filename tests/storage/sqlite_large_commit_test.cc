// Commits that are carried out in steps: atomic, and others go on meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>

#include "core/base/mutex.h"
#include "tests/storage/power_cut.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

using sqlite::IoFault;
using sqlite::IoFile;

constexpr int kRows = 12'000;  // several steps
constexpr std::uint64_t kLarge = 64 << 10;
// In the log, the step that publishes a commit is known by it.
constexpr std::string_view kRequest = "request-of-the-large-commit";

std::string Key(int number) { return "row" + std::to_string(100'000 + number); }

// Puts of even numbers, deletions of odd ones; `during` runs when half of them are staged.
class Rows final : public MutationSource {
 public:
  explicit Rows(std::string value, std::function<void()> during = {})
      : value_(std::move(value)), during_(std::move(during)) {}

  std::uint64_t SizeBytes() const override { return kRows * (Key(0).size() + value_.size()); }
  Status Visit(const std::function<Status(const Mutation&)>& visit) override {
    for (int i = 0; i < kRows; ++i) {
      if (i == kRows / 2 && during_) during_();
      const std::string key = Key(i);
      STRATA_RETURN_IF_ERROR(visit(i % 2 == 0 ? Put(key, value_) : Delete(key)));
    }
    return OkStatus();
  }

 private:
  const std::string value_;
  const std::function<void()> during_;
};

Result<CommitResult> CommitRows(Engine& engine, Rows rows,
                                std::vector<Precondition> preconditions = {},
                                Conflict* conflict = nullptr) {
  CommitRequest request;
  request.preconditions = std::move(preconditions);
  request.more = &rows;
  request.request_id = kRequest;
  return engine.Commit(request, conflict);
}

Precondition Absent(std::string_view key) {
  Precondition condition;
  condition.key = key;
  return condition;
}

// The rows of "row", as the engine and as the map have them.
using Model = std::map<std::string, std::string>;

void Apply(std::string_view value, Model* model) {
  for (int i = 0; i < kRows; ++i) {
    if (i % 2 == 0) {
      (*model)[Key(i)] = value;
    } else {
      model->erase(Key(i));
    }
  }
}

void ExpectSame(Engine& engine, const Model& model) {
  for (const bool reverse : {false, true}) {
    ScanOptions options;
    options.range = {"row", "rox"};
    options.reverse = reverse;
    Model found;
    std::string before;
    Scanned scanned = Scan(engine, options);
    ASSERT_TRUE(scanned.status.ok()) << scanned.status.ToString();
    for (const ScannedRow& row : scanned.rows) {
      if (!before.empty()) {
        ASSERT_EQ(row.key < before, reverse) << row.key << " after " << before;
      }
      before = row.key;
      ASSERT_TRUE(found.emplace(row.key, row.value).second) << row.key << " came twice";
    }
    ASSERT_EQ(found, model);
    options.keys_only = true;
    options.limit = 7;
    EXPECT_EQ(Scan(engine, options).rows.size(), std::min<std::size_t>(7, model.size()));
  }
  for (int i = 0; i < kRows; i += 997) {
    const auto at = model.find(Key(i));
    EXPECT_EQ(ValueOf(engine, Key(i)), at == model.end() ? "<absent>" : at->second);
  }
}

sqlite::SqliteOptions Options(const std::string& folder, sqlite::IoHook* hook = nullptr) {
  sqlite::SqliteOptions options;
  options.folder = folder;
  options.io_hook = hook;
  options.large_commit_bytes = kLarge;
  return options;
}

// Lets nothing be written from the moment on at which a large commit is published.
class StopAtPublication final : public PassingHook {
 public:
  IoFault OnWrite(IoFile file, std::int64_t, std::string_view bytes) override {
    if (stopped) return IoFault::kNoSpace;
    if (armed && file == IoFile::kLog && bytes.find(kRequest) != std::string_view::npos)
      seen_ = true;
    return IoFault::kNone;
  }
  IoFault OnSync(IoFile file) override {
    if (armed && file == IoFile::kLog && seen_) stopped = true;  // this one is still well
    return IoFault::kNone;
  }
  std::atomic<bool> armed{true};
  std::atomic<bool> stopped{false};

 private:
  std::atomic<bool> seen_{false};
};

// A store whose last commit is large, published, and not merged.
class UnmergedCommit : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = MustOpen(Options(folder_.path(), &disk_));
    MustCommit(*engine_, {Put(Key(0), "old"), Put(Key(1), "old"), Put("rowz", "old")});
    model_ = {{Key(0), "old"}, {Key(1), "old"}, {"rowz", "old"}};
    const Result<CommitResult> result = CommitRows(*engine_, Rows("new"));
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    ASSERT_TRUE(disk_.stopped);
    version_ = result->version;
    Apply("new", &model_);
  }
  void LetWrite() {
    disk_.armed = false;
    disk_.stopped = false;
  }

  TempFolder folder_;
  StopAtPublication disk_;
  std::unique_ptr<Engine> engine_;
  Model model_;
  Version version_ = 0;
};

TEST_F(UnmergedCommit, IsReadLikeAnyOther) {
  ExpectSame(*engine_, model_);

  EXPECT_EQ(Get(*engine_, Key(2))->version, version_);
  EXPECT_EQ(engine_->Describe().last_version, version_);
  const Feed feed = ReadFeedAfter(*engine_, version_ - 1);
  ASSERT_EQ(feed.commits.size(), 1U);
  EXPECT_EQ(feed.commits[0].keys.size(), static_cast<std::size_t>(kRows));
}

TEST_F(UnmergedCommit, IsWrittenOver) {
  LetWrite();
  MustCommit(*engine_, {Put(Key(2), "later"), Delete(Key(4)), Put(Key(5), "later"),
                        DeleteRange(Key(10), Key(20))});
  model_[Key(2)] = "later";
  model_.erase(Key(4));
  model_[Key(5)] = "later";
  model_.erase(model_.lower_bound(Key(10)), model_.lower_bound(Key(20)));
  ExpectSame(*engine_, model_);

  // The next large commit merges this one first.
  ASSERT_TRUE(CommitRows(*engine_, Rows("again"))->replayed);
  ExpectSame(*engine_, model_);
  const std::uint32_t digest = Digest(*engine_);
  engine_.reset();
  EXPECT_EQ(Digest(*MustOpen(folder_.path())), digest);
}

TEST_F(UnmergedCommit, IsWhatPreconditionsSee) {
  LetWrite();
  const auto code = [&](Precondition condition) {
    CommitRequest request;
    request.preconditions = {condition};
    request.mutations = {Put("other", "x")};
    return engine_->Commit(request).status().code();
  };
  using Kind = Precondition::Kind;

  EXPECT_EQ(code({Kind::kKeyAbsent, Key(2), {}, 0}), Code::kAborted);
  EXPECT_EQ(code({Kind::kKeyAbsent, Key(1), {}, 0}), Code::kOk);
  EXPECT_EQ(code({Kind::kKeyPresent, Key(1), {}, 0}), Code::kAborted);
  EXPECT_EQ(code({Kind::kKeyAtVersion, Key(2), {}, version_}), Code::kOk);
  EXPECT_EQ(code({Kind::kRangeEmpty, Key(1), Key(2), 0}), Code::kOk);
  EXPECT_EQ(code({Kind::kRangeEmpty, Key(1), Key(3), 0}), Code::kAborted);
}

TEST_F(UnmergedCommit, IsMergedAtTheNextStart) {
  const std::uint32_t digest = Digest(*engine_);
  engine_.reset();  // what it has to write is refused

  const std::unique_ptr<Engine> reopened = MustOpen(folder_.path());

  ASSERT_NE(reopened, nullptr);
  ExpectSame(*reopened, model_);
  EXPECT_EQ(Digest(*reopened), digest);
  EXPECT_TRUE(CommitRows(*reopened, Rows("again"))->replayed);
}

TEST(SqliteLargeCommit, LetsOthersCommitMeanwhile) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(Options(folder.path()));
  Version other = 0;

  const Result<CommitResult> result = CommitRows(*engine, Rows("new", [&] {
    // With half of its rows written, none of them is seen.
    EXPECT_EQ(ValueOf(*engine, Key(0)), "<absent>");
    other = MustCommit(*engine, {Put(Key(0), "other"), Put("elsewhere", "other")});
  }));

  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_GT(result->version, other);
  EXPECT_EQ(ValueOf(*engine, Key(0)), "new");
  EXPECT_EQ(ValueOf(*engine, "elsewhere"), "other");
}

TEST(SqliteLargeCommit, IsAbortedByWhatOthersDidMeanwhile) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(Options(folder.path()));
  Conflict conflict;

  const Result<CommitResult> result =
      CommitRows(*engine, Rows("new", [&] { MustCommit(*engine, {Put("b", "other")}); }),
                 {Absent("a"), Absent("b")}, &conflict);

  EXPECT_EQ(result.status().code(), Code::kAborted);
  EXPECT_EQ(conflict.precondition, 1U);
  EXPECT_EQ(ScanRange(*engine, "", "").ToString(), "b=other");
  // Nothing of it is left behind, and the next one is as good as new.
  ASSERT_TRUE(CommitRows(*engine, Rows("new"), {Absent("a")}).ok());
  Model model;
  Apply("new", &model);
  ExpectSame(*engine, model);
}

TEST(SqliteLargeCommit, RangesAndStampsAreAppliedInOrder) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(Options(folder.path()));
  const std::string value(kLarge, 'v');
  Mutation stamped = Put("at/01234567", "stamp");
  stamped.stamp_key_at = 3;

  const Version first = MustCommit(*engine, {Put("a", value), Put("a", "last"), stamped});
  EXPECT_EQ(ValueOf(*engine, "a"), "last");
  std::string key = "at/";
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(first >> shift));
  EXPECT_EQ(ValueOf(*engine, key), "stamp");

  MustCommit(*engine, {Put("b", value), DeleteRange("a", "z"), Put("c", "kept")});
  EXPECT_EQ(ScanRange(*engine, "", "").ToString(), "c=kept");
}

TEST(SqliteLargeCommit, IsWholeOrNotThereAfterAPowerCut) {
  std::mt19937 random(5);
  int there = 0;
  int not_there = 0;
  for (std::uint32_t seed = 0; seed < 24; ++seed) {
    TempFolder folder;
    std::atomic<bool> answered{false};
    std::atomic<bool> answered_before{false};
    PowerCut disk(seed, 60 + static_cast<int>(random() % 900),
                  [&] { answered_before = answered.load(); });
    sqlite::SqliteOptions options = Options(folder.path() + "/running", &disk);
    options.page_bytes = 4096;
    options.checkpoint_bytes = 128 << 10;
    options.restart_bytes = 256 << 10;
    const std::unique_ptr<Engine> engine = MustOpen(options);
    MustCommit(*engine, {Put(Key(1), "old"), Put("rowz", "old")});
    ASSERT_TRUE(CommitRows(*engine, Rows("new", [&] {
                  MustCommit(*engine, {Put("rowz", "other")});
                })).ok());
    answered = true;
    for (int i = 0; i < 400 && !disk.has_cut(); ++i) MustCommit(*engine, {Put("rowz", "later")});
    if (!disk.has_cut()) continue;

    const std::string after = folder.path() + "/after";
    std::filesystem::create_directory(after);
    disk.Save(after);
    const std::unique_ptr<Engine> recovered = MustOpen(after);
    ASSERT_NE(recovered, nullptr) << "seed " << seed;
    const std::size_t rows = ScanRange(*recovered, "row1", "row2").rows.size();
    const bool whole = ValueOf(*recovered, Key(0)) == "new";
    EXPECT_EQ(rows, whole                                  ? kRows / 2
                    : ValueOf(*recovered, Key(1)) == "old" ? 1U
                                                           : 0U)
        << "seed " << seed;
    EXPECT_TRUE(whole || !answered_before) << "seed " << seed;
    ++(whole ? there : not_there);
    EXPECT_TRUE(Commit(*recovered, {Put(Key(1), "afterwards")}).ok());
  }
  EXPECT_GT(there, 2);
  EXPECT_GT(not_there, 2);
}

}  // namespace
}  // namespace strata::storage::testing
