#include "tests/contract/hosting_contract.h"

namespace strata::testing {
namespace {

using ::testing::ElementsAre;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HostingContract);

TEST_P(HostingContract, DescribeTellsLimitsAndCapabilities) {
  const hosting::DescribeResponse described = Describe();

  EXPECT_FALSE(described.engine().empty());
  EXPECT_FALSE(described.store_id().empty());
  EXPECT_GE(described.limits().max_key_bytes(), 1024U);
  EXPECT_GE(described.limits().max_value_bytes(), 1U << 20);
  EXPECT_GE(described.limits().max_commit_bytes(), 256U << 20);
  EXPECT_GE(described.limits().max_get_keys(), 1000U);
  EXPECT_GE(described.limits().max_get_bytes(), 16U << 20);
  EXPECT_GE(described.limits().max_preconditions(), 1000U);
  EXPECT_EQ(described.capabilities_size(), 7);
  EXPECT_EQ(described.durability(),
            GetParam().durable ? hosting::DURABILITY_FULL : hosting::DURABILITY_NONE);
}

TEST_P(HostingContract, ARestartKeepsWhatIsDurable) {
  const std::string store_id = Describe().store_id();
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));

  ASSERT_TRUE(backend_->Restart().ok());

  EXPECT_EQ(ValueOf("a"), GetParam().durable ? "1" : "<absent>");
  EXPECT_EQ(Describe().store_id() == store_id, GetParam().durable);
  EXPECT_EQ(Describe().last_version(), GetParam().durable ? version : 0);
}

TEST_P(HostingContract, GetAnswersVersionZeroForAnAbsentKey) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));
  hosting::GetRequest request;
  request.add_keys("b");
  request.add_keys("a");

  hosting::GetResponse response;
  ASSERT_TRUE(client().Get(context(), request, &response).ok());

  ASSERT_EQ(response.entries_size(), 2);
  EXPECT_EQ(response.entries(0).version(), 0U);
  EXPECT_EQ(response.entries(1).version(), version);
  EXPECT_EQ(response.entries(1).value(), "1");
  EXPECT_EQ(response.view_version(), version);
}

TEST_P(HostingContract, GetRefusesTooManyKeys) {
  hosting::GetRequest request;
  for (std::uint32_t i = 0; i <= Describe().limits().max_get_keys(); ++i) request.add_keys("k");
  hosting::GetResponse response;
  EXPECT_EQ(client().Get(context(), request, &response).code(), Code::kInvalidArgument);
}

TEST_P(HostingContract, GetRefusesAnAnswerThatIsTooLarge) {
  const hosting::DescribeResponse described = Describe();
  const std::string value(described.limits().max_value_bytes(), 'v');
  MustCommit(Puts({{"large", value}}));
  hosting::GetRequest request;
  hosting::GetResponse response;
  for (std::uint64_t bytes = 0; bytes < described.limits().max_get_bytes(); bytes += value.size()) {
    request.add_keys("large");
  }
  EXPECT_TRUE(client().Get(context(), request, &response).ok());
  request.add_keys("large");
  EXPECT_EQ(client().Get(context(), request, &response).code(), Code::kResourceExhausted);
  request.set_omit_values(true);
  EXPECT_TRUE(client().Get(context(), request, &response).ok());
}

TEST_P(HostingContract, ReadsRefuseASnapshotThatIsNone) {
  EXPECT_EQ(ValueOf("a", "no such snapshot"), "!NOT_FOUND");
  hosting::ScanRequest scan;
  scan.set_snapshot("no such snapshot");
  EXPECT_EQ(Scan(scan), "!NOT_FOUND");
}

TEST_P(HostingContract, ScanAnswersRowsInOrder) {
  MustCommit(Puts({{"b", "2"}, {"a", "1"}, {"c", "3"}}));
  hosting::ScanRequest request;
  EXPECT_EQ(Scan(request), "a=1 b=2 c=3");
  request.set_begin("b");
  EXPECT_EQ(Scan(request), "b=2 c=3");
  request.set_end("c");
  EXPECT_EQ(Scan(request), "b=2");
  request.set_end("a");
  EXPECT_EQ(Scan(request), "");
  request.clear_end();
  request.set_reverse(true);
  request.set_keys_only(true);
  request.set_limit(1);
  EXPECT_EQ(Scan(request), "c=");
}

TEST_P(HostingContract, ScanOfNothingIsOneChunkWithAVersion) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));
  hosting::ScanRequest request;
  request.set_begin("x");
  std::vector<std::uint64_t> views;
  ASSERT_TRUE(client()
                  .Scan(context(), request,
                        [&](hosting::ScanResponse& chunk) {
                          views.push_back(chunk.view_version());
                          return true;
                        })
                  .ok());
  EXPECT_THAT(views, ElementsAre(version));
}

TEST_P(HostingContract, ScanFillsChunksAndStopsWhenAsked) {
  hosting::CommitRequest request;
  for (int i = 0; i < 3000; ++i) {
    hosting::Put* put = request.add_mutations()->mutable_put();
    put->set_key("key" + std::to_string(i));
    put->set_value(std::string(200, 'v'));
  }
  MustCommit(request);
  std::vector<std::size_t> sizes;
  const Status status = client().Scan(context(), {}, [&](hosting::ScanResponse& chunk) {
    sizes.push_back(chunk.rows().size());
    return sizes.size() < 3;
  });

  EXPECT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(sizes.size(), 3U);
  EXPECT_GE(sizes[0], 60'000U);
  EXPECT_LE(sizes[0], 1U << 20);
}

TEST_P(HostingContract, SnapshotsLiveForTheirLease) {
  MustCommit(Puts({{"a", "1"}}));
  hosting::OpenSnapshotRequest request;
  request.set_lease_us(std::int64_t{1} << 60);
  hosting::OpenSnapshotResponse opened;
  ASSERT_TRUE(client().OpenSnapshot(context(), request, &opened).ok());
  EXPECT_EQ(opened.lease_us(), Describe().limits().max_snapshot_lease_us());
  MustCommit(Puts({{"a", "2"}}));

  EXPECT_EQ(ValueOf("a", opened.snapshot()), "1");
  hosting::CloseSnapshotRequest close;
  close.set_snapshot(opened.snapshot());
  hosting::CloseSnapshotResponse closed;
  EXPECT_TRUE(client().CloseSnapshot(context(), close, &closed).ok());
  EXPECT_TRUE(client().CloseSnapshot(context(), close, &closed).ok());
  EXPECT_EQ(ValueOf("a", opened.snapshot()), "!NOT_FOUND");
  request.set_lease_us(-1);
  EXPECT_EQ(client().OpenSnapshot(context(), request, &opened).code(), Code::kInvalidArgument);
}

TEST_P(HostingContract, BoundsOpenSnapshots) {
  hosting::OpenSnapshotResponse opened;
  for (std::uint32_t i = 0; i < Describe().limits().max_open_snapshots(); ++i) {
    ASSERT_TRUE(client().OpenSnapshot(context(), {}, &opened).ok());
  }
  EXPECT_EQ(client().OpenSnapshot(context(), {}, &opened).code(), Code::kResourceExhausted);
}

TEST_P(HostingContract, AConflictSaysWhichPreconditionAndWhatWasFound) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));
  hosting::CommitRequest request = Puts({{"b", "2"}});
  request.add_preconditions()->set_key_present("a");
  request.add_preconditions()->set_key_absent("a");

  hosting::CommitResponse response;
  const Status status = client().Commit(context(), request, &response);

  EXPECT_EQ(status.code(), Code::kAborted);
  hosting::CommitConflict conflict;
  ASSERT_TRUE(conflict.ParseFromString(status.details()));
  EXPECT_EQ(conflict.precondition(), 1U);
  EXPECT_EQ(conflict.actual_version(), version);
  EXPECT_EQ(ValueOf("b"), "<absent>");
}

TEST_P(HostingContract, ChecksEachKindOfPrecondition) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));
  hosting::CommitRequest request = Puts({{"z", "1"}});
  hosting::Precondition* condition = request.add_preconditions();
  condition->mutable_key_at_version()->set_key("a");
  condition->mutable_key_at_version()->set_version(version);
  EXPECT_EQ(CommitCode(request), Code::kOk);
  condition->mutable_key_at_version()->set_version(version + 1);
  EXPECT_EQ(CommitCode(request), Code::kAborted);
  condition->mutable_range_empty()->set_begin("b");
  condition->mutable_range_empty()->set_end("c");
  EXPECT_EQ(CommitCode(request), Code::kOk);
  condition->mutable_range_empty()->set_begin("a");
  EXPECT_EQ(CommitCode(request), Code::kAborted);
  condition->set_key_present("b");
  EXPECT_EQ(CommitCode(request), Code::kAborted);
}

TEST_P(HostingContract, ARepeatedRequestIdIsReplayed) {
  hosting::CommitRequest request = Puts({{"a", "1"}});
  request.set_request_id("0000-1");
  hosting::CommitResponse first;
  hosting::CommitResponse second;
  ASSERT_TRUE(client().Commit(context(), request, &first).ok());
  MustCommit(Puts({{"a", "2"}}));

  ASSERT_TRUE(client().Commit(context(), request, &second).ok());

  EXPECT_FALSE(first.replayed());
  EXPECT_TRUE(second.replayed());
  EXPECT_EQ(second.version(), first.version());
  EXPECT_EQ(ValueOf("a"), "2");
}

TEST_P(HostingContract, CommitRefusesWhatIsOutsideTheLimits) {
  const hosting::Limits limits = Describe().limits();
  const std::string long_key(limits.max_key_bytes() + 1, 'k');
  std::vector<hosting::CommitRequest> requests = {
      Puts({{"", "v"}}), Puts({{long_key, "v"}}),
      Puts({{"k", std::string(limits.max_value_bytes() + 1, 'v')}})};
  requests.emplace_back().add_mutations();      // of no kind
  requests.emplace_back().add_preconditions();  // of no kind
  requests.emplace_back().set_request_id(std::string(1000, 'i'));
  requests.emplace_back().add_mutations()->mutable_delete_range()->set_begin(long_key);
  requests.emplace_back().add_preconditions()->mutable_key_at_version()->set_key("a");
  requests.push_back(Puts({{"short", "v"}}));
  requests.back().mutable_mutations(0)->mutable_put()->set_stamp_key_at(0);
  for (std::uint32_t i = 0; i <= limits.max_preconditions(); ++i) {
    if (i == 0) requests.emplace_back();
    requests.back().add_preconditions()->set_key_absent("a");
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(CommitCode(requests[i]), Code::kInvalidArgument) << i;
  }
  EXPECT_EQ(Describe().last_version(), 0U);
}

TEST_P(HostingContract, StampsTheVersionIntoKeyAndValue) {
  hosting::CommitRequest request = Puts({{"log/--------", "--------"}});
  request.mutable_mutations(0)->mutable_put()->set_stamp_key_at(4);
  request.mutable_mutations(0)->mutable_put()->set_stamp_value_at(0);
  const std::uint64_t version = MustCommit(request);

  std::string stamp;
  for (int shift = 56; shift >= 0; shift -= 8) stamp.push_back(static_cast<char>(version >> shift));
  EXPECT_EQ(ValueOf("log/" + stamp), stamp);
}

TEST_P(HostingContract, AStreamedCommitIsOneCommit) {
  hosting::CommitRequest first = Puts({{"a", "1"}, {"b", "1"}});
  first.add_preconditions()->set_key_absent("a");
  hosting::CommitRequest second;
  second.add_mutations()->set_delete_key("b");
  second.set_request_id("stream-1");

  hosting::CommitResponse response;
  ASSERT_TRUE(CommitParts({first, second}, &response).ok());
  EXPECT_EQ(Scan({}), "a=1");
  EXPECT_EQ(Describe().last_version(), response.version());
  ASSERT_TRUE(CommitParts({first, second}, &response).ok());
  EXPECT_TRUE(response.replayed());

  second.set_request_id("stream-2");
  const Status status = CommitParts({first, second}, &response);
  EXPECT_EQ(status.code(), Code::kAborted);
  hosting::CommitConflict conflict;
  ASSERT_TRUE(conflict.ParseFromString(status.details()));
  EXPECT_EQ(conflict.precondition(), 0U);
}

TEST_P(HostingContract, AStreamedCommitKeepsTheLimits) {
  hosting::CommitResponse response;
  EXPECT_EQ(CommitParts({Puts({{"a", "1"}}), Puts({{"", "v"}})}, &response).code(),
            Code::kInvalidArgument);
  hosting::CommitRequest unknown;
  unknown.add_mutations();
  EXPECT_EQ(CommitParts({Puts({{"a", "1"}}), unknown}, &response).code(), Code::kInvalidArgument);
  EXPECT_EQ(Scan({}), "");
}

TEST_P(HostingContract, ABrokenStreamLeavesNoTrace) {
  CancelSource source;
  const Context cancellable = Context::Background(std::chrono::minutes(1), &source);
  int parts = 0;
  hosting::CommitResponse response;
  const Status status = client().CommitStream(
      cancellable,
      [&](hosting::CommitStreamRequest* message) {
        *message->mutable_part() = Puts({{"a", "1"}});
        if (++parts == 2) source.Cancel();
        return parts < 4;
      },
      &response);

  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(Scan({}), "");
}

TEST_P(HostingContract, WatchSendsCommitsInOrderAndResumes) {
  MustCommit(Puts({{"a", "1"}}));
  const std::uint64_t second = MustCommit(Puts({{"b", "1"}}));
  hosting::CommitRequest removal;
  removal.add_mutations()->mutable_delete_range()->set_begin("a");
  const std::uint64_t third = MustCommit(removal);

  Watched all = WatchAll({});
  EXPECT_TRUE(all.status.ok()) << all.status.ToString();
  EXPECT_THAT(all.keys, ElementsAre("a", "b", "a"));
  EXPECT_EQ(all.up_to, third);
  hosting::WatchRequest request;
  request.set_after_version(second);
  EXPECT_THAT(WatchAll(request).keys, ElementsAre("a"));
  request.set_after_version(third);
  EXPECT_EQ(WatchAll(request).up_to, third);
}

TEST_P(HostingContract, WatchFiltersAndAddsValues) {
  MustCommit(Puts({{"a", "1"}, {"m", "1"}}));
  MustCommit(Puts({{"m", "2"}}));
  hosting::WatchRequest request;
  request.mutable_range()->set_begin("m");
  request.mutable_range()->set_end("n");
  request.set_with_values(true);

  const Watched watched = WatchAll(request);

  EXPECT_THAT(watched.keys, ElementsAre("m", "m"));
  EXPECT_THAT(watched.values, ElementsAre("2", "2"));
}

TEST_P(HostingContract, WatchSplitsALargeCommit) {
  hosting::CommitRequest request;
  for (int i = 0; i < 5000; ++i) {
    hosting::Put* put = request.add_mutations()->mutable_put();
    put->set_key(std::string(200, 'k') + std::to_string(10000 + i));
    put->set_value(std::string(300, 'v'));
  }
  const std::uint64_t version = MustCommit(request);
  MustCommit(Puts({{"later", "1"}}));
  hosting::WatchRequest watch;
  watch.set_with_values(true);
  watch.set_stop_at_end(true);
  std::size_t keys = 0;
  std::size_t messages = 0;
  bool continues = false;
  const Status status = client().Watch(context(), watch, [&](hosting::WatchResponse& response) {
    ++messages;
    EXPECT_LT(response.ByteSizeLong(), 1U << 20);
    for (const hosting::CommitEvent& commit : response.commits()) {
      if (commit.version() == version) keys += static_cast<std::size_t>(commit.changes_size());
      continues = commit.continues();
    }
    // Not before all of it has been sent.
    EXPECT_TRUE(!continues || response.up_to_version() < version);
    return true;
  });

  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(keys, 5000U);
  EXPECT_GT(messages, 5U);
  EXPECT_FALSE(continues);
}

TEST_P(HostingContract, WatchRefusesVersionsItDoesNotHave) {
  const std::uint64_t version = MustCommit(Puts({{"a", "1"}}));
  hosting::WatchRequest request;
  request.set_after_version(version + 1);
  EXPECT_EQ(WatchAll(request).status.code(), Code::kOutOfRange);
}

TEST_P(HostingContract, WatchWaitsForCommits) {
  CancelSource source;
  const Context cancellable = Context::Background(std::chrono::minutes(1), &source);
  std::vector<std::string> keys;
  Status status;
  std::thread watcher([&] {
    status = client().Watch(cancellable, {}, [&](hosting::WatchResponse& response) {
      for (const hosting::CommitEvent& commit : response.commits()) {
        for (const hosting::Change& change : commit.changes()) keys.push_back(change.key());
      }
      return keys.size() < 2;
    });
  });
  MustCommit(Puts({{"a", "1"}}));
  MustCommit(Puts({{"b", "1"}}));
  watcher.join();

  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(keys, ElementsAre("a", "b"));
}

TEST_P(HostingContract, WatchEndsWithItsDeadlineOrWhenCancelled) {
  const Context brief = Context::Background(std::chrono::milliseconds(20));
  const auto keep = [](hosting::WatchResponse&) { return true; };
  EXPECT_EQ(client().Watch(brief, {}, keep).code(), Code::kDeadlineExceeded);

  CancelSource source;
  source.Cancel();
  const Context cancelled = Context::Background(std::chrono::minutes(1), &source);
  EXPECT_EQ(client().Watch(cancelled, {}, keep).code(), Code::kCancelled);
}

TEST_P(HostingContract, ABackupComesBackInAnEmptyStore) {
  for (int i = 0; i < 50; ++i)
    MustCommit(Puts({{"k" + std::to_string(i), std::string(9000, 'v')}}));
  const std::string before = Scan({});
  const std::uint64_t version = Describe().last_version();
  std::vector<std::string> messages;
  ASSERT_TRUE(Backup(&messages).ok());
  EXPECT_GT(messages.size(), 1U);
  EXPECT_EQ(backed_up_rows_, 50);
  hosting::RestoreResponse restored;
  EXPECT_EQ(Restore(messages, &restored).code(), Code::kFailedPrecondition);
  backend_ = GetParam().open();

  const Status status = Restore(messages, &restored);

  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(restored.rows(), 50);
  EXPECT_EQ(restored.last_version(), version);
  EXPECT_EQ(Scan({}), before);
}

TEST_P(HostingContract, RestoreRefusesWhatIsNoWholeBackup) {
  MustCommit(Puts({{"a", "1"}}));
  std::vector<std::string> messages;
  ASSERT_TRUE(Backup(&messages).ok());
  backend_ = GetParam().open();
  hosting::RestoreResponse response;

  EXPECT_EQ(Restore({"this is no backup"}, &response).code(), Code::kInvalidArgument);
  EXPECT_EQ(Restore({}, &response).code(), Code::kInvalidArgument);
  std::vector<std::string> cut = messages;
  cut.back().pop_back();
  EXPECT_EQ(Restore(cut, &response).code(), Code::kDataLoss);
  std::vector<std::string> damaged = messages;
  damaged.back()[damaged.back().size() / 2] ^= 1;
  EXPECT_EQ(Restore(damaged, &response).code(), Code::kDataLoss);
  EXPECT_EQ(Scan({}), "");
}

}  // namespace
}  // namespace strata::testing
