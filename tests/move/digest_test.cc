// The digest of rows, and the note that a copy keeps of itself.
#include "storage/replica/digest.h"

#include <gtest/gtest.h>

#include "storage/replica/cursor.h"

namespace strata::storage::replica {
namespace {

TEST(RowDigest, DoesNotDependOnTheOrderAndTakesRowsOut) {
  const Row a{"a", 1, "x"};
  const Row b{"b", 2, "y"};
  RowDigest forward;
  forward.Add(a);
  forward.Add(b);
  RowDigest backward;
  backward.Add(b);
  backward.Add(a);
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(forward.rows(), 2U);
  backward.Remove(a);
  RowDigest only_b;
  only_b.Add(b);
  EXPECT_EQ(backward, only_b);
  only_b.Add(RowDigest());
  EXPECT_EQ(backward, only_b);
}

TEST(RowDigest, TellsEveryPartOfARow) {
  RowDigest first;
  first.Add({"a", 1, "x"});
  for (const Row& other :
       {Row{"b", 1, "x"}, Row{"a", 2, "x"}, Row{"a", 1, "y"}, Row{"ax", 1, ""}}) {
    RowDigest second;
    second.Add(other);
    EXPECT_NE(first.ToString(), second.ToString());
  }
}

// The SHA-256 of 01 61 01 01 78, lane by lane: FORMAT.md is what others compute it by.
TEST(RowDigest, IsWhatTheFormatSays) {
  RowDigest digest;
  EXPECT_EQ(digest.ToString(), "0:" + std::string(64, '0'));
  digest.Add({"a", 1, "x"});
  EXPECT_EQ(digest.ToString(),
            "1:39118cb64bc9be2a203c78b7f8d838c4f934c84b47186fa0ad60359b0ada547f");
}

TEST(Cursor, ComesBackFromItsBytes) {
  Cursor cursor;
  cursor.source_id = "0123";
  cursor.phase = Cursor::Phase::kFollowing;
  cursor.at = std::string("k\0", 2);
  cursor.tail = 77;
  cursor.rows = 1000;
  cursor.bytes = 1 << 20;
  cursor.other = "mine";
  const Result<Cursor> decoded = DecodeCursor(Encode(cursor));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, cursor);
  for (std::size_t cut = 0; cut < Encode(cursor).size(); ++cut) {
    EXPECT_EQ(DecodeCursor(Encode(cursor).substr(0, cut)).status().code(), Code::kInvalidArgument);
  }
  EXPECT_EQ(DecodeCursor("another program's").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace strata::storage::replica
