#include "plugins/data_fhir/layout/lifetime.h"

#include <gtest/gtest.h>

namespace strata::fhir::layout {
namespace {

TEST(Lifetime, AnEmptyValueLivesSinceTheRowsVersion) {
  EXPECT_FALSE(AliveAt(300, "", 299));
  EXPECT_TRUE(AliveAt(300, "", 300));
  EXPECT_TRUE(AliveAt(300, "", UINT64_MAX));
}

TEST(Lifetime, RemembersEachLifeThroughEndsAndRevivals) {
  const std::string ended = *Ended(300, "");             // written by commit 400
  const std::string revived = *Revived(400, ended);      // written by commit 500
  const std::string ended_again = *Ended(500, revived);  // written by commit 70000

  EXPECT_TRUE(AliveAt(400, ended, 399));
  EXPECT_FALSE(AliveAt(400, ended, 400));
  EXPECT_FALSE(AliveAt(500, revived, 299));
  EXPECT_TRUE(AliveAt(500, revived, 300));
  EXPECT_FALSE(AliveAt(500, revived, 499));
  EXPECT_TRUE(AliveAt(500, revived, 500));
  EXPECT_TRUE(AliveAt(70000, ended_again, 350));
  EXPECT_FALSE(AliveAt(70000, ended_again, 450));
  EXPECT_TRUE(AliveAt(70000, ended_again, 69999));
  EXPECT_FALSE(AliveAt(70000, ended_again, 70000));
}

TEST(Lifetime, RefusesToEndTwiceOrReviveTheLiving) {
  const std::string ended = *Ended(300, "");

  EXPECT_EQ(Ended(400, ended).status().code(), Code::kDataLoss);
  EXPECT_EQ(Revived(300, "").status().code(), Code::kDataLoss);
}

TEST(Lifetime, BytesThatAreNoLifetimeAreNotAlive) { EXPECT_FALSE(AliveAt(5, "\x80\x80", 10)); }

}  // namespace
}  // namespace strata::fhir::layout
