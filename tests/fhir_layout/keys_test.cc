#include "plugins/data_fhir/layout/keys.h"

#include <gtest/gtest.h>

#include <vector>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::layout {
namespace {

TEST(Keys, HaveTheirDocumentedBytes) {
  EXPECT_EQ(MetaKey("format"), "Mformat");
  EXPECT_EQ(CurrentKey(0x0102030405), std::string("R\x01\x02\x03\x04\x05", 6));
  EXPECT_EQ(HistoryKey(1, 1), std::string("H\0\0\0\0\x01\xff\xff\xff\xfe", 10));
  EXPECT_EQ(ChunkKey(1, 2, 3), std::string("C\0\0\0\0\x01\0\0\0\x02\0\0\0\x03", 14));
  EXPECT_EQ(IndexKey(93, 0x0102, "v", 9), std::string("X\x5d\x01\x02v\0\0\0\0\x09", 10));
}

TEST(Keys, NewerVersionsOfAResourceComeFirst) {
  EXPECT_LT(HistoryKey(1, 3), HistoryKey(1, 2));
  EXPECT_EQ(VersionOfHistoryKey(HistoryKey(1, 77)), 77u);
}

TEST(Keys, AreCloseWhereHalfOfTheNumbersBetweenAreAmongThem) {
  const auto are_close = [](std::vector<ResourceNumber> numbers) { return AreClose(numbers); };
  EXPECT_TRUE(are_close({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(are_close({1, 3, 5, 7, 9, 11, 13, 16}));
  EXPECT_FALSE(are_close({1, 3, 5, 7, 9, 11, 13, 17}));
  EXPECT_FALSE(are_close({1, 2, 3}));  // A few are sought.
  EXPECT_FALSE(are_close({}));
}

TEST(Keys, TimelineKeysComeBackAndStandInTheOrderOfCommits) {
  const std::string key = TimelineKey({93, 0x1122334455667788, 5, 6});
  TimelineKeyParts parts;

  ASSERT_TRUE(ParseTimelineKey(key, &parts));
  EXPECT_EQ(parts.type, 93);
  EXPECT_EQ(parts.stamp, 0x1122334455667788u);
  EXPECT_EQ(parts.n, 5u);
  EXPECT_EQ(parts.version, 6u);
  EXPECT_EQ(ReadBigEndian(std::string_view(key).substr(kTimelineStampAt), 8), parts.stamp);
  EXPECT_LT(TimelineKey({93, 1, 9, 9}), TimelineKey({93, 2, 1, 1}));
  EXPECT_FALSE(ParseTimelineKey(key.substr(1), &parts));
}

TEST(Keys, IndexKeysComeBack) {
  const std::string key = IndexKey(146, kCompanion | 7, std::string("a\0b", 3), kMaxResourceNumber);
  IndexKeyParts parts;

  ASSERT_TRUE(ParseIndexKey(key, &parts));
  EXPECT_EQ(parts.type, 146);
  EXPECT_EQ(parts.parameter, kCompanion | 7);
  EXPECT_EQ(parts.value, std::string_view("a\0b", 3));
  EXPECT_EQ(parts.n, kMaxResourceNumber);
  EXPECT_FALSE(ParseIndexKey("X12", &parts));
  EXPECT_FALSE(ParseIndexKey(CurrentKey(1) + "1234567", &parts));
}

TEST(Bytes, PrefixEndIsBehindAllKeysWithThePrefix) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
}

TEST(Bytes, VarintsComeBackAndBrokenOnesAreRefused) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{1} << 40, UINT64_MAX}) {
    std::string bytes;
    AppendVarint(value, &bytes);
    std::string_view rest = bytes;
    std::uint64_t back = 1;
    ASSERT_TRUE(TakeVarint(&rest, &back));
    EXPECT_EQ(back, value);
    EXPECT_TRUE(rest.empty());
  }
  std::string_view unfinished = "\x80";
  std::uint64_t value = 0;
  EXPECT_FALSE(TakeVarint(&unfinished, &value));
}

}  // namespace
}  // namespace strata::fhir::layout
