// The parts that engines share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/rows.h"
#include "storage/api/change_codec.h"
#include "storage/api/crc32c.h"
#include "storage/api/mutation_spool.h"
#include "storage/api/validate.h"
#include "tests/storage/engine_helpers.h"

namespace strata::storage::testing {
namespace {

// RFC 3720 appendix B.4.
TEST(Crc32c, AnswersTheStandardsExamples) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c("6789", Crc32c("12345")), 0xe3069283U);
}

TEST(Rows, RefusesBytesThatAreNoRows) {
  std::string rows;
  AppendRow(&rows, {"key", 300, "value"});
  for (std::size_t size = 1; size < rows.size(); ++size) {
    RowReader reader(std::string_view(rows).substr(0, size));
    Row row;
    EXPECT_FALSE(reader.Next(&row)) << size;
    EXPECT_FALSE(reader.ok()) << size;
  }
  RowReader reader(rows);
  Row row;
  ASSERT_TRUE(reader.Next(&row));
  EXPECT_EQ(row.key, "key");
  EXPECT_EQ(row.version, 300U);
  EXPECT_EQ(row.value, "value");
  EXPECT_FALSE(reader.Next(&row));
  EXPECT_TRUE(reader.ok());
}

TEST(Rows, ReadsVarintsOf64BitsAndNoMore) {
  std::string bytes;
  AppendVarint(&bytes, ~std::uint64_t{0});
  std::string_view in = bytes;
  std::uint64_t value = 0;
  ASSERT_TRUE(TakeVarint(&in, &value));
  EXPECT_EQ(value, ~std::uint64_t{0});
  bytes.back() = 2;
  in = bytes;
  EXPECT_FALSE(TakeVarint(&in, &value));
  in = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
  EXPECT_FALSE(TakeVarint(&in, &value));
}

std::vector<std::string> RoundTrip(const std::vector<Change>& changes, const KeyRange* range) {
  ChangeEncoder encoder(/*part_bytes=*/20);
  for (const Change& change : changes) encoder.Add(change);
  std::vector<std::string> texts;
  for (const std::string& part : encoder.TakeParts()) {
    const Result<ChangeList> list = ChangeList::Decode(part);
    EXPECT_TRUE(list.ok());
    for (const Change& change : const_cast<Result<ChangeList>&>(list)->Matching(range)) {
      texts.push_back(std::to_string(static_cast<int>(change.kind)) + std::string(change.key) +
                      "," + std::string(change.range_end));
    }
  }
  return texts;
}

TEST(ChangeCodec, GivesBackWhatWasAdded) {
  const std::vector<Change> changes = {{MutationKind::kPut, "patient/1", ""},
                                       {MutationKind::kPut, "patient/12", ""},
                                       {MutationKind::kDelete, "p", ""},
                                       {MutationKind::kDeleteRange, "pat", "paz"},
                                       {MutationKind::kPut, "", ""}};
  EXPECT_THAT(RoundTrip(changes, nullptr),
              ::testing::ElementsAre("1patient/1,", "1patient/12,", "2p,", "3pat,paz", "1,"));
  const KeyRange range{"patient/", "patient0"};
  EXPECT_THAT(RoundTrip(changes, &range),
              ::testing::ElementsAre("1patient/1,", "1patient/12,", "3pat,paz"));
}

TEST(ChangeCodec, RefusesDamage) {
  ChangeEncoder encoder;
  encoder.Add({MutationKind::kPut, "key", ""});
  encoder.Add({MutationKind::kDeleteRange, "kez", "kf"});
  const std::string part = encoder.TakeParts()[0];
  for (std::size_t size = 1; size < part.size(); ++size) {
    if (size == 6) continue;  // the end of the first change
    EXPECT_EQ(ChangeList::Decode(part.substr(0, size)).status().code(), Code::kDataLoss) << size;
  }
  std::string unknown = part;
  unknown[0] = 9;
  EXPECT_EQ(ChangeList::Decode(unknown).status().code(), Code::kDataLoss);
}

TEST(MutationSpool, GivesBackWhatWasAddedTwice) {
  TempFolder folder;
  MutationSpool spool(folder.path(), Limits(), /*memory_bytes=*/1000);
  Mutation stamped = Put("12345678", "v");
  stamped.stamp_key_at = 0;
  const std::string value(5000, 'v');
  ASSERT_TRUE(spool.Add(stamped).ok());
  ASSERT_TRUE(spool.Add(Put("large", value)).ok());
  ASSERT_TRUE(spool.Add(DeleteRange("a", "b")).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the file has no name";

  for (int time = 0; time < 2; ++time) {
    std::vector<std::string> seen;
    ASSERT_TRUE(spool
                    .Visit([&](const Mutation& mutation) {
                      seen.push_back(
                          std::string(mutation.key) + (mutation.stamp_key_at ? "@0" : "") +
                          std::string(mutation.range_end) + std::to_string(mutation.value.size()));
                      return OkStatus();
                    })
                    .ok());
    EXPECT_THAT(seen, ::testing::ElementsAre("12345678@01", "large5000", "ab0"));
  }
}

TEST(MutationSpool, KeepsTheLimits) {
  TempFolder folder;
  Limits limits;
  limits.max_commit_bytes = 100;
  MutationSpool spool(folder.path(), limits);
  EXPECT_EQ(spool.Add(Put("", "v")).code(), Code::kInvalidArgument);
  const std::string value(98, 'v');
  EXPECT_TRUE(spool.Add(Put("k", value)).ok());
  EXPECT_TRUE(spool.Add(Put("k", "")).ok());
  EXPECT_EQ(spool.Add(Put("k", "")).code(), Code::kInvalidArgument);
}

TEST(MutationSpool, SaysWhenItsFolderIsGone) {
  MutationSpool spool("/nonexistent", Limits(), /*memory_bytes=*/1);
  EXPECT_EQ(spool.Add(Put("k", "v")).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace strata::storage::testing
