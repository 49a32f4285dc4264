// Proves that the checker accepts what is linearizable and catches every kind of fault.
#include "tests/history/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace strata::history {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using ::testing::Contains;
using ::testing::IsEmpty;

Operation Read(std::int64_t start, std::int64_t end, std::uint64_t version, std::uint64_t value) {
  return {"k", Kind::kRead, Outcome::kOk, 1, start, end, version, value, {}};
}
Operation Write(std::int64_t start, std::int64_t end, std::uint64_t version, std::uint64_t value) {
  return {"k", Kind::kWrite, Outcome::kOk, 2, start, end, version, value, {}};
}
Operation If(std::uint64_t expected, Operation op) {
  op.expected = expected;
  return op;
}
Operation Conflict(std::int64_t start, std::int64_t end, std::uint64_t value,
                   std::uint64_t expected) {
  return {"k", Kind::kWrite, Outcome::kConflict, 3, start, end, 0, value, expected};
}
Operation Unknown(std::int64_t start, std::int64_t end, std::uint64_t value) {
  return {"k", Kind::kWrite, Outcome::kUnknown, 3, start, end, 0, value, {}};
}

std::vector<Fault> Faults(const History& history, const Listing& listing = {}) {
  std::vector<Fault> out;
  for (const Violation& v : CheckHistory(history, listing)) out.push_back(v.fault);
  return out;
}

TEST(HistoryChecker, AcceptsASequence) {
  EXPECT_THAT(Faults({Read(1, 2, 0, 0), If(0, Write(3, 4, 1, 71)), Read(5, 6, 1, 71),
                      If(1, Write(7, 8, 2, 72)), Read(9, 10, 2, 72)}),
              IsEmpty());
}

TEST(HistoryChecker, AcceptsEitherAnswerWhileAWriteRuns) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Write(10, 20, 2, 72), Read(11, 19, 1, 71),
                      Read(11, 12, 2, 72), Read(21, 22, 2, 72)}),
              IsEmpty());
}

TEST(HistoryChecker, AcceptsWhatOverlappingWritesLeave) {
  EXPECT_THAT(Faults({Write(1, 30, 2, 72), Write(2, 29, 1, 71), Read(31, 32, 2, 72)}), IsEmpty());
}

TEST(HistoryChecker, AcceptsAnUnansweredWriteThatHappenedLaterOrNever) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Unknown(3, 4, 72), Read(5, 6, 1, 71), Read(7, 8, 2, 72)}),
              IsEmpty());
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Unknown(3, 4, 72), Read(5, 6, 1, 71)}), IsEmpty());
}

TEST(HistoryChecker, AcceptsARefusalThatAnybodyElsesWriteExplains) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), If(1, Write(3, 6, 2, 72)), Conflict(4, 5, 73, 1)}),
              IsEmpty());
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Unknown(3, 4, 72), Conflict(5, 6, 73, 1)}), IsEmpty());
}

TEST(HistoryChecker, CatchesALostWrite) {
  const History history = {Write(1, 2, 1, 71), Write(3, 4, 2, 72), Read(5, 6, 1, 71)};
  EXPECT_THAT(Faults(history), Contains(Fault::kLostWrite));
  const History unread = {Write(1, 2, 1, 71), Write(3, 4, 2, 72), Write(5, 6, 3, 73)};
  EXPECT_THAT(Faults(unread, {{"k", 1, 71}, {"k", 3, 73}}), Contains(Fault::kLostWrite));
}

TEST(HistoryChecker, CatchesAStaleRead) {
  const History history = {Write(1, 2, 1, 71), Write(3, 4, 2, 72), Read(5, 6, 2, 72),
                           Read(7, 8, 1, 71)};
  EXPECT_THAT(Faults(history), Contains(Fault::kStaleRead));
  EXPECT_THAT(
      Faults({Write(1, 2, 1, 71), Unknown(3, 30, 72), Read(5, 6, 2, 72), Read(7, 8, 1, 71)}),
      Contains(Fault::kStaleRead));
}

TEST(HistoryChecker, CatchesADoubledWrite) {
  const History twice_seen = {Write(1, 2, 1, 71), Read(3, 4, 1, 71), Read(5, 6, 2, 71)};
  EXPECT_THAT(Faults(twice_seen), Contains(Fault::kDoubledWrite));
  const History one_version = {Write(1, 2, 1, 71), Write(3, 4, 1, 72)};
  EXPECT_THAT(Faults(one_version), Contains(Fault::kDoubledWrite));
  const History retried = {Unknown(1, 2, 71), Write(3, 4, 3, 72)};
  EXPECT_THAT(Faults(retried, {{"k", 1, 71}, {"k", 2, 71}, {"k", 3, 72}}),
              Contains(Fault::kDoubledWrite));
}

TEST(HistoryChecker, CountsVersionsThatAListingHasWithoutValues) {
  const History history = {Write(1, 2, 1, 71), Unknown(3, 4, 72), Write(5, 6, 4, 73)};
  EXPECT_THAT(Faults(history, {{"k", 1, 0}, {"k", 3, 0}, {"k", 4, 0}}), IsEmpty());
  EXPECT_THAT(Faults(history, {{"k", 1, 0}, {"k", 2, 0}, {"k", 3, 0}, {"k", 4, 0}}),
              Contains(Fault::kDoubledWrite));
}

TEST(HistoryChecker, CatchesReorderedVersions) {
  EXPECT_THAT(Faults({Write(1, 2, 2, 71), Write(3, 4, 1, 72)}), Contains(Fault::kReordered));
  EXPECT_THAT(Faults({If(5, Write(1, 2, 4, 71))}), Contains(Fault::kReordered));
}

TEST(HistoryChecker, CatchesAPhantom) {
  EXPECT_THAT(Faults({Read(1, 2, 1, 99)}), Contains(Fault::kPhantom));
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Conflict(3, 4, 72, 0), Read(5, 6, 2, 72)}),
              Contains(Fault::kPhantom));
  EXPECT_THAT(Faults({Read(1, 2, 1, 71), Write(3, 4, 1, 71)}), Contains(Fault::kPhantom));
}

TEST(HistoryChecker, CatchesATornVersion) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Unknown(1, 2, 72), Read(3, 4, 1, 72)}),
              Contains(Fault::kTorn));
}

TEST(HistoryChecker, CatchesALostUpdate) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), If(1, Write(3, 6, 2, 72)), If(1, Write(4, 7, 3, 73))}),
              Contains(Fault::kLostUpdate));
}

TEST(HistoryChecker, CatchesAFalseConflict) {
  EXPECT_THAT(Faults({Write(1, 2, 1, 71), Read(3, 4, 1, 71), Conflict(5, 6, 72, 1)}),
              Contains(Fault::kFalseConflict));
  EXPECT_THAT(Faults({Conflict(5, 6, 72, 0)}), Contains(Fault::kFalseConflict));
}

// A correct register, driven by overlapping operations whose moment lies anywhere between their
// beginning and their end; then the same history with one answer changed.
class Simulated {
 public:
  explicit Simulated(unsigned seed) : random_(seed) {
    for (int i = 0; i < 400; ++i) {
      const std::int64_t moment = 10 * (i + 1);
      Operation op = i % 3 == 0 ? NextWrite() : Operation(Read(0, 0, version_, value_));
      op.client = static_cast<std::uint32_t>(i % 7);
      op.start_ns = moment - static_cast<std::int64_t>(random_() % 60);
      op.end_ns = moment + static_cast<std::int64_t>(random_() % 60);
      history_.push_back(op);
    }
  }
  const History& history() const { return history_; }

 private:
  Operation NextWrite() {
    const std::uint64_t before = version_;
    version_ += 1 + random_() % 3;
    value_ = 1000 + version_;
    return If(before, Write(0, 0, version_, value_));
  }

  std::mt19937 random_;
  std::uint64_t version_ = 0;
  std::uint64_t value_ = 0;
  History history_;
};

TEST(HistoryChecker, AcceptsEveryCorrectRegister) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    const auto found = CheckHistory(Simulated(seed).history());
    ASSERT_THAT(found, IsEmpty()) << "seed " << seed << "\n" << Describe(found);
  }
}

TEST(HistoryChecker, CatchesOneOldAnswerInALongHistory) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    History history = Simulated(seed).history();
    Operation& late = history[391];
    ASSERT_EQ(late.kind, Kind::kRead);
    late.version = history[300].version;
    late.value = history[300].value;
    ASSERT_FALSE(CheckHistory(history).empty()) << "seed " << seed;
  }
}

TEST(HistoryChecker, KeysDoNotMix) {
  Operation other = Write(3, 4, 1, 72);
  other.key = "other";
  EXPECT_THAT(Faults({Write(1, 2, 2, 71), other, Read(5, 6, 2, 71)}), IsEmpty());
}

}  // namespace
}  // namespace strata::history
