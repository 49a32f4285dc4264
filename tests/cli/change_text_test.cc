#include "core/cli/change_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/core/v1/core.pb.h"

namespace strata::cli {
namespace {

using core::v1::Change;
using core::v1::SlotChange;
using ::testing::HasSubstr;

SlotChange RecordSwap() {
  SlotChange change;
  change.set_slot("record");
  change.set_action(SlotChange::ACTION_SWAP);
  change.set_mode(core::v1::SWAP_MODE_OVERLAP);
  change.mutable_from()->set_plugin("strata.data.fhir");
  change.mutable_from()->set_version("0.1.0");
  change.mutable_to()->set_plugin("strata.data.fhir");
  change.mutable_to()->set_version("0.2.0");
  return change;
}

TEST(ChangeText, APlanIsReadable) {
  core::v1::Plan plan;
  EXPECT_THAT(PlanText(plan), HasSubstr("Nothing to do"));
  *plan.add_slots() = RecordSwap();
  plan.mutable_slots(0)->add_settings("cache_mib");
  plan.add_warnings("Mind the gap.");

  EXPECT_EQ(PlanText(plan),
            "Plan\n  record: swap strata.data.fhir 0.1.0 -> 0.2.0, side by side (settings: "
            "cache_mib)\n  ! Mind the gap.\n");
}

TEST(ChangeText, AFormatIsMigrated) {
  core::v1::Plan plan;
  SlotChange* const change = plan.add_slots();
  *change = RecordSwap();
  change->mutable_format_from()->set_on_disk(1);
  change->mutable_format_to()->set_writes(2);
  EXPECT_THAT(PlanText(plan), HasSubstr("side by side, stored format 2\n"));

  change->set_action(SlotChange::ACTION_FORMAT);
  EXPECT_EQ(PlanText(plan),
            "Plan\n  record: migrate strata.data.fhir 0.2.0 from stored format 1 to 2\n");

  Change end;
  end.set_id("c8");
  end.set_kind(Change::KIND_FORMAT);
  end.set_state(Change::STATE_DONE);
  end.set_reason("12 rows are migrated");
  EXPECT_EQ(ChangeText(end), "c8 done: 12 rows are migrated");
}

TEST(ChangeText, AnEndSaysWhatItCost) {
  Change change;
  change.set_id("c7");
  change.set_state(Change::STATE_DONE);
  change.set_generation_before(4);
  change.set_generation_after(5);
  change.set_drained(3);
  change.set_pause_us(1234);
  EXPECT_EQ(ChangeText(change),
            "c7 done: generation 4 -> 5, 3 requests drained, 0 cancelled, pause 1.2 ms");

  change.set_state(Change::STATE_FAILED);
  change.set_reason("start: no");
  EXPECT_EQ(ChangeText(change), "c7 failed, nothing was changed: start: no");
}

TEST(ChangeText, SettingsBecomeJson) {
  const auto json = SettingsToJson({"pool.size=3", "pool.name=a b", "on=true", "gone=null"});
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ(*json, R"({"gone":null,"on":true,"pool":{"name":"a b","size":3}})");
  EXPECT_FALSE(SettingsToJson({"novalue"}).ok());
  EXPECT_FALSE(SettingsToJson({"a=1", "a.b=2"}).ok());
  EXPECT_FALSE(SettingsToJson({"a.b=2", "a=1"}).ok());
}

TEST(ChangeText, TimesAreReadAsWritten) {
  EXPECT_EQ(*ParseSeconds("90s"), 90u);
  EXPECT_EQ(*ParseSeconds("10m"), 600u);
  EXPECT_EQ(*ParseSeconds("2h"), 7200u);
  EXPECT_EQ(*ParseSeconds("0"), 0u);
  for (const char* bad : {"", "m", "10x", "-1", "99999999h"}) EXPECT_FALSE(ParseSeconds(bad).ok());
}

}  // namespace
}  // namespace strata::cli
