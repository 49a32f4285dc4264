#include "plugins/data_fhir/layout/index_row.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "plugins/data_fhir/layout/run_builder.h"

namespace strata::fhir::layout {
namespace {

using Found = std::vector<ResourceNumber>;

Found AliveIn(ResourceNumber last, std::uint64_t version, std::string_view value,
              std::uint64_t at) {
  Found found;
  EXPECT_TRUE(AppendAlive(last, version, value, at, &found));
  std::uint64_t count = 0;
  EXPECT_TRUE(CountAlive(last, version, value, at, &count));
  EXPECT_EQ(count, found.size());
  return found;
}

std::string Change(ResourceNumber last, std::uint64_t version, std::string_view value,
                   const std::vector<MemberChange>& changes) {
  const auto changed = ChangeMembers(last, version, value, changes);
  EXPECT_TRUE(changed.ok());
  return changed->value_or("unchanged");
}

TEST(IndexRow, ARowForOneResourceIsALifetime) {
  EXPECT_EQ(EncodeMembers(Found{7}), "");
  EXPECT_EQ(AliveIn(7, 100, "", 99), Found{});
  EXPECT_EQ(AliveIn(7, 100, "", 100), Found{7});
  const std::string ended = Change(7, 100, "", {{7, false}});
  EXPECT_EQ(ended, "\x64");
  EXPECT_EQ(AliveIn(7, 200, ended, 199), Found{7});
  EXPECT_EQ(AliveIn(7, 200, ended, 200), Found{});
}

TEST(IndexRow, ARunHoldsItsMembers) {
  const Found members = {5, 6, 9, 4000};
  const std::string value = EncodeMembers(members);
  EXPECT_EQ(value, std::string("\0\0\x9b\x1f\x01\x03\x97\x1f", 8));
  EXPECT_EQ(FirstOf(4000, value), 5U);
  EXPECT_EQ(AliveIn(4000, 10, value, 9), Found{});
  EXPECT_EQ(AliveIn(4000, 10, value, 10), members);
}

TEST(IndexRow, MembersEndAndBeginByThemselves) {
  const std::string run = EncodeMembers(Found{5, 6, 9});
  const std::string ended = Change(9, 10, run, {{5, false}});   // at 20
  const std::string begun = Change(9, 20, ended, {{7, true}});  // at 30
  EXPECT_EQ(AliveIn(9, 20, ended, 19), (Found{5, 6, 9}));
  EXPECT_EQ(AliveIn(9, 20, ended, 20), (Found{6, 9}));
  EXPECT_EQ(AliveIn(9, 30, begun, 19), (Found{5, 6, 9}));
  EXPECT_EQ(AliveIn(9, 30, begun, 29), (Found{6, 9}));
  EXPECT_EQ(AliveIn(9, 30, begun, 30), (Found{6, 7, 9}));
  EXPECT_EQ(Change(9, 30, begun, {{7, true}, {5, false}}), "unchanged");
}

TEST(IndexRow, DamagedRunsAreRefused) {
  Found found;
  for (const std::string_view bytes :
       {std::string_view("\0", 1), std::string_view("\0\0", 2), std::string_view("\0\0\x09", 3),
        std::string_view("\0\0\x01\x80", 4), std::string_view("\0\x05\x01\x01\x7f", 5),
        std::string_view("\0\x05\x01\x03", 4)}) {
    EXPECT_FALSE(AppendAlive(9, 10, bytes, 10, &found)) << bytes.size();
    EXPECT_EQ(ChangeMembers(9, 10, bytes, {}).status().code(), Code::kDataLoss);
  }
}

// Against a model that remembers each moment.
TEST(IndexRow, AnyHistoryIsRemembered) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    Found members;
    for (ResourceNumber n = 100; n < 140; ++n) {
      if (random() % 2 == 0 || n == 139) members.push_back(n);
    }
    std::string value = EncodeMembers(members);
    std::uint64_t version = 1000;
    std::set<ResourceNumber> now(members.begin(), members.end());
    std::map<std::uint64_t, Found> history{{999, {}}, {version, members}};
    for (int step = 0; step < 30; ++step) {
      std::vector<MemberChange> changes;
      for (ResourceNumber n = members.front(); n < 140; ++n) {
        if (random() % 8 != 0) continue;
        changes.push_back({n, !now.contains(n)});
        if (!now.erase(n)) now.insert(n);
      }
      const auto changed = ChangeMembers(139, version, value, changes);
      ASSERT_TRUE(changed.ok());
      ASSERT_EQ(changed->has_value(), !changes.empty());
      if (!changed->has_value()) continue;
      value = **changed;
      version += 1 + random() % 300;
      history[version] = Found(now.begin(), now.end());
      for (const auto& [at, expected] : history) {
        ASSERT_EQ(AliveIn(139, version, value, at), expected);
      }
    }
  }
}

// Whatever is swept, later moments read as before, also after the row changes again.
TEST(IndexRow, ASweptRowAnswersTheSameFromTheFloorOn) {
  std::mt19937 random(7);
  int erased = 0;
  int rewritten = 0;
  for (int round = 0; round < 400; ++round) {
    const Found members = round % 4 == 0 ? Found{9} : Found{3, 4, 5, 6, 7, 8, 9};
    std::string value = EncodeMembers(members);
    std::uint64_t version = 100;
    std::set<ResourceNumber> now(members.begin(), members.end());
    std::map<std::uint64_t, Found> history{{version, members}};
    for (int step = 0; step < 8; ++step) {
      std::vector<MemberChange> changes;
      for (const ResourceNumber n : members) {
        const bool lives = now.contains(n);
        if (random() % 3 != 0 || (!lives && random() % 4 != 0)) continue;
        changes.push_back({n, !lives});
        if (!now.erase(n)) now.insert(n);
      }
      if (changes.empty()) continue;
      value = **ChangeMembers(9, version, value, changes);
      version += 10;
      history[version] = Found(now.begin(), now.end());
    }
    const std::uint64_t floor = 100 + random() % 100;
    const auto swept = SweepRow(9, version, value, floor);
    ASSERT_TRUE(swept.ok());
    erased += swept->erase ? 1 : 0;
    rewritten += swept->value ? 1 : 0;
    const std::string after = swept->value.value_or(value);
    const std::uint64_t after_version = swept->value ? version + 5 : version;
    for (std::uint64_t at = std::max<std::uint64_t>(floor, 100); at < version + 20; ++at) {
      const Found expected = std::prev(history.upper_bound(at))->second;
      const Found found = swept->erase ? Found{} : AliveIn(9, after_version, after, at);
      ASSERT_EQ(found, expected) << "at " << at << ", floor " << floor;
    }
    if (!swept->value) continue;
    const std::string revived = Change(9, after_version, after, {{9, !now.contains(9)}});
    EXPECT_EQ(AliveIn(9, after_version + 5, revived, after_version + 4),
              Found(now.begin(), now.end()));
  }
  EXPECT_GT(erased, 5);
  EXPECT_GT(rewritten, 5);
  EXPECT_EQ(SweepRow(9, 10, std::string("\x00\xff", 2), 5).status().code(), Code::kDataLoss);
}

TEST(RunBuilder, JoinsWhatFollowsWithoutAGap) {
  RunBuilder builder;
  const ParameterNumber gender = ParameterNumberOf("gender");
  for (const ResourceNumber n : Found{11, 1, 2, 3, 10}) builder.Add(1, gender, "male", n);
  builder.Break(10);
  builder.Add(1, gender, {}, 1);
  builder.Add(1, gender, {}, 2);
  builder.Add(1, ParameterNumberOf("_id"), {}, 1);
  builder.Add(1, ParameterNumberOf("_id"), {}, 2);
  std::vector<std::pair<std::string, std::string>> rows;
  builder.Finish([&](std::string key, std::string value) { rows.emplace_back(key, value); });
  const std::vector<std::pair<std::string, std::string>> expected = {
      {IndexKey(1, ParameterNumberOf("_id"), {}, 2), EncodeMembers(Found{1, 2})},
      {IndexKey(1, gender, {}, 1), ""},
      {IndexKey(1, gender, {}, 2), ""},
      {IndexKey(1, gender, "male", 3), EncodeMembers(Found{1, 2, 3})},
      {IndexKey(1, gender, "male", 11), EncodeMembers(Found{10, 11})}};
  EXPECT_EQ(rows, expected);
}

TEST(RunBuilder, RunsHaveALimit) {
  RunBuilder builder;
  for (ResourceNumber n = 1; n <= 2 * kMaxRunMembers + 1; ++n) builder.Add(1, 2, "v", n);
  std::vector<std::string> keys;
  builder.Finish([&](std::string key, const std::string&) { keys.push_back(key); });
  EXPECT_EQ(keys, (std::vector<std::string>{IndexKey(1, 2, "v", kMaxRunMembers),
                                            IndexKey(1, 2, "v", 2 * kMaxRunMembers),
                                            IndexKey(1, 2, "v", 2 * kMaxRunMembers + 1)}));
}

}  // namespace
}  // namespace strata::fhir::layout
