// What every hosting plugin answers to Ingest and Rewrite: a store takes over what another one
// sends.
#include "tests/contract/hosting_contract.h"

namespace strata::testing {
namespace {

using ::testing::ElementsAre;

TEST_P(HostingContract, WhatOneStoreSendsTheOtherTakesOver) {
  hosting::CommitRequest stamped = Puts({{"log/--------", "--------"}, {"a", ""}});
  stamped.mutable_mutations(0)->mutable_put()->set_stamp_key_at(4);
  stamped.mutable_mutations(0)->mutable_put()->set_stamp_value_at(0);
  MustCommit(stamped);
  MustCommit(Puts({{std::string("\0", 1), "0"}, {std::string("\0\1", 2), "01"}, {"b", "1"}}));
  const std::uint64_t version = VersionOf("b");
  std::vector<hosting::IngestRequest> messages;
  const auto keep_rows = [&](hosting::ScanResponse& chunk) {
    messages.emplace_back().set_rows(chunk.rows());
    messages.back().set_up_to_version(chunk.view_version());
    messages.back().set_restart_feed(true);
    return true;
  };
  ASSERT_TRUE(client().Scan(context(), {}, keep_rows).ok());
  hosting::CommitRequest removal = Puts({{"c", "2"}});
  removal.add_mutations()->set_delete_key("a");
  removal.add_mutations()->mutable_delete_range()->set_end(std::string("\0\1", 2));
  MustCommit(removal);
  std::vector<hosting::IngestRequest> later;
  hosting::WatchRequest watch;
  watch.set_after_version(messages.back().up_to_version());
  watch.set_with_values(true);
  watch.set_stop_at_end(true);
  const auto keep_commits = [&](hosting::WatchResponse& response) {
    *later.emplace_back().mutable_commits() = response.commits();
    later.back().set_up_to_version(response.up_to_version());
    return true;
  };
  ASSERT_TRUE(client().Watch(context(), watch, keep_commits).ok());
  const std::string expected = Scan({});
  const std::uint64_t last = Describe().last_version();

  backend_ = GetParam().open();
  hosting::IngestResponse response;
  Status status = Ingest(messages, &response);
  ASSERT_TRUE(status.ok()) << status.ToString();
  status = Ingest(later, &response);
  ASSERT_TRUE(status.ok()) << status.ToString();

  EXPECT_EQ(response.last_version(), last);
  EXPECT_EQ(Scan({}), expected);
  EXPECT_EQ(VersionOf("b"), version);
  EXPECT_EQ(Describe().last_version(), last);
  hosting::WatchRequest again;
  again.set_after_version(messages.back().up_to_version());
  EXPECT_THAT(WatchAll(again).keys, ElementsAre("c", "a", ""));
  EXPECT_GT(MustCommit(Puts({{"d", "3"}})), last);
}

TEST_P(HostingContract, RefusesCommitsThatAreNotLater) {
  hosting::IngestResponse response;
  ASSERT_TRUE(Ingest({Event("a", 7, "7")}, &response).ok());

  EXPECT_EQ(Ingest({Event("a", 7, "8")}, &response).code(), Code::kFailedPrecondition);
  EXPECT_EQ(ValueOf("a"), "7");
  EXPECT_TRUE(Ingest({Event("a", 9, "9")}, &response).ok());
  EXPECT_EQ(VersionOf("a"), 9U);
}

TEST_P(HostingContract, FillsRangesAndKeepsTheCursor) {
  hosting::IngestResponse response;
  hosting::IngestRequest first = Rows({{"a", 3}, {"b", 4}, {"c", 5}}, 6);
  first.set_cursor("at c");
  ASSERT_TRUE(Ingest({first}, &response).ok());
  EXPECT_EQ(Scan({}), "a=v3 b=v4 c=v5");
  EXPECT_EQ(Describe().ingest_cursor(), "at c");
  EXPECT_EQ(Describe().oldest_watch_version(), 6U);

  hosting::IngestRequest second = Rows({{"b", 2}}, 6);
  second.mutable_range()->set_begin("b");
  ASSERT_TRUE(Ingest({second}, &response).ok());

  EXPECT_EQ(Scan({}), "a=v3 b=v2");
  EXPECT_EQ(VersionOf("b"), 2U);
  EXPECT_EQ(Describe().ingest_cursor(), "at c");
  ASSERT_TRUE(backend_->Restart().ok());
  EXPECT_EQ(Describe().ingest_cursor(), GetParam().durable ? "at c" : "");
}

TEST_P(HostingContract, RefusesWhatDoesNotFit) {
  hosting::IngestResponse response;
  hosting::IngestRequest rows = Rows({{"a", 3}}, 6);
  rows.set_restart_feed(false);
  hosting::IngestRequest garbled;
  garbled.set_rows("\x7f");
  garbled.set_up_to_version(3);
  garbled.set_restart_feed(true);
  hosting::IngestRequest unknown = Event("a", 3, "3");
  unknown.mutable_commits(0)->mutable_changes(0)->set_kind(hosting::Change::KIND_UNSPECIFIED);
  hosting::IngestRequest endless = Event("a", 3, "3");
  endless.mutable_commits(0)->set_continues(true);
  int index = 0;
  for (const hosting::IngestRequest& request :
       {rows, garbled, unknown, endless, hosting::IngestRequest(), Event("", 3, "3")}) {
    EXPECT_EQ(Ingest({request}, &response).code(), Code::kInvalidArgument) << index;
    ++index;
  }
  EXPECT_EQ(Scan({}), "");
  EXPECT_EQ(Describe().last_version(), 0U);
}

TEST_P(HostingContract, RewritesOnlyRowsThatAreAsExpected) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}, {"b", "1"}}));
  hosting::RewriteRequest request;
  for (const char* key : {"a", "b", "c"}) {
    hosting::RowRewrite* row = request.add_rows();
    row->set_key(key);
    row->set_version(version);
    row->set_expected(std::string(key) == "b" ? "2" : "1");
    row->set_value("new");
  }

  hosting::RewriteResponse response;
  const Status status = client().Rewrite(context(), request, &response);

  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(response.skipped(), ElementsAre(1, 2));
  EXPECT_EQ(Scan({}), "a=new b=1");
  EXPECT_EQ(VersionOf("a"), version);
  EXPECT_EQ(Describe().last_version(), version);
  request.mutable_rows(0)->set_version(0);
  EXPECT_EQ(client().Rewrite(context(), request, &response).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace strata::testing
