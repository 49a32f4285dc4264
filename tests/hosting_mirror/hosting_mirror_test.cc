// What the mirror adds to the hosting contract: both stores are the same, whatever happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "strata/hosting/v1/mirror.strata.h"
#include "tests/support/faulty_hosting.h"
#include "tests/support/hosting_calls.h"
#include "tests/support/hosting_stack.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_mirror(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

namespace v1 = strata::hosting::v1;

class HostingMirrorTest : public ::testing::Test {
 protected:
  ~HostingMirrorTest() override { TheFaults().Clear(); }

  // The secondary is reached through a plugin that fails on demand.
  void Begin(const std::string& config, std::vector<HostingLayer> stores = {}) {
    if (stores.empty()) {
      stores = {{"a", strata_plugin_hosting_sqlite}, {"b", strata_plugin_hosting_sqlite}};
    }
    stores.push_back({"faulty", strata_plugin_faulty_hosting, "{}", {{"store", "b"}}});
    stores.push_back({"mirror",
                      strata_plugin_hosting_mirror,
                      config,
                      {{"primary", "a"}, {"secondary", "faulty"}}});
    stack_ = std::make_unique<HostingStack>(stores);
    started_ = stack_->Start();
  }

  Result<std::uint64_t> Put(const std::string& slot, const std::string& key,
                            const std::string& value, const std::string& request_id = "") {
    return CommitPuts(stack_->Client(slot), stack_->context(), {{key, value}}, request_id);
  }
  std::string Digest(const std::string& slot) {
    return DigestOf(stack_->Client(slot), stack_->context());
  }
  v1::MirrorStatusResponse MirrorStatus() {
    v1::MirrorStatusResponse response;
    const v1::MirrorClient client(stack_->host().Client(), "mirror");
    EXPECT_TRUE(client.MirrorStatus(stack_->context(), {}, &response).ok());
    return response;
  }
  v1::CompareStoresResponse Compare() {
    v1::CompareStoresResponse response;
    const v1::MirrorClient client(stack_->host().Client(), "mirror");
    const Status status = client.CompareStores(stack_->context(), {}, &response);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return response;
  }
  bool AwaitAttached() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!MirrorStatus().attached() && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    return MirrorStatus().attached();
  }

  std::unique_ptr<HostingStack> stack_;
  Status started_;
};

TEST_F(HostingMirrorTest, BothStoresAreTheSameWhenACommitIsAnswered) {
  Begin("{}");
  ASSERT_TRUE(started_.ok()) << started_.ToString();
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = "k" + std::to_string(i % 7);
        EXPECT_TRUE(Put("mirror", key, std::to_string(writer * 100 + i)).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(Digest("a"), Digest("b"));
  EXPECT_EQ(DescribeStore(stack_->Client("a"), stack_->context()).last_version(),
            DescribeStore(stack_->Client("b"), stack_->context()).last_version());
  const v1::CompareStoresResponse compared = Compare();
  EXPECT_EQ(compared.primary_rows(), 7U);
  EXPECT_EQ(compared.primary_digest(), compared.secondary_digest());
}

// As while one is replaced by the other: both follow the same feed into the same secondary.
TEST_F(HostingMirrorTest, TwoInstancesOverOnePairAreOneMirror) {
  Begin("{}",
        {{"a", strata_plugin_hosting_sqlite},
         {"b", strata_plugin_hosting_sqlite},
         {"next", strata_plugin_hosting_mirror, "{}", {{"primary", "a"}, {"secondary", "b"}}}});
  ASSERT_TRUE(started_.ok()) << started_.ToString();
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 40; ++i) {
        const auto version = Put((writer + i) % 2 == 0 ? "mirror" : "next",
                                 "k" + std::to_string(i % 7), std::to_string(writer * 100 + i));
        ASSERT_TRUE(version.ok()) << version.status().ToString();
        EXPECT_GE(DescribeStore(stack_->Client("b"), stack_->context()).last_version(), *version);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  EXPECT_EQ(Digest("a"), Digest("b"));
  for (const char* slot : {"mirror", "next"}) {
    v1::MirrorStatusResponse status;
    const v1::MirrorClient client(stack_->host().Client(), slot);
    ASSERT_TRUE(client.MirrorStatus(stack_->context(), {}, &status).ok());
    EXPECT_TRUE(status.attached()) << slot << ": " << status.reason();
    EXPECT_EQ(status.detached_times(), 0U) << slot;
  }
  EXPECT_EQ(Compare().primary_digest(), Compare().secondary_digest());
}

// As when a mirror is replaced while it is written to.
TEST_F(HostingMirrorTest, WhatIsWrittenWhileItLooksAtTheStoresIsNoOldCopy) {
  Begin("{}",
        {{"a", strata_plugin_hosting_sqlite},
         {"b", strata_plugin_hosting_sqlite},
         {"next", strata_plugin_hosting_mirror, "{}", {{"primary", "a"}, {"secondary", "b"}}}});
  ASSERT_TRUE(started_.ok()) << started_.ToString();
  ASSERT_TRUE(Put("next", "k", "before").ok());
  TheFaults().meanwhile = [this] { ASSERT_TRUE(Put("next", "k", "meanwhile").ok()); };
  TheFaults().describes_until_meanwhile = 1;

  const Status started = stack_->host().Restart("mirror");

  EXPECT_TRUE(started.ok()) << started.ToString();
  EXPECT_EQ(TheFaults().describes_until_meanwhile, 0);
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, WhatOnlyThePrimaryGotIsHealedAtStart) {
  Begin("{}");
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  // As if it had died between the two writes.
  ASSERT_TRUE(Put("a", "a", "2").ok());
  EXPECT_TRUE(stack_->Restart().ok());

  EXPECT_TRUE(AwaitAttached());
  EXPECT_EQ(ValueAt(stack_->Client("b"), stack_->context(), "a"), "2");
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, RequiredRefusesToWriteWithoutItsSecondary) {
  Begin("{}");
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  TheFaults().everything = true;

  const Result<std::uint64_t> lost = Put("mirror", "a", "2", "request-1");

  EXPECT_EQ(lost.status().code(), Code::kUnavailable);
  EXPECT_EQ(stack_->host().Health("mirror").code(), Code::kUnavailable);
  EXPECT_FALSE(MirrorStatus().attached());
  EXPECT_NE(MirrorStatus().reason(), "");
  TheFaults().Clear();
  ASSERT_TRUE(AwaitAttached());
  const Result<std::uint64_t> again = Put("mirror", "a", "2", "request-1");
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, DegradeGoesOnAloneAndCatchesUp) {
  Begin(R"({"policy":"degrade"})");
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  ASSERT_TRUE(AwaitAttached());
  TheFaults().everything = true;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Put("mirror", "k" + std::to_string(i), "1").ok());
  EXPECT_FALSE(MirrorStatus().attached());
  EXPECT_EQ(ValueAt(stack_->Client("b"), stack_->context(), "k9"), "<absent>");
  EXPECT_EQ(stack_->host().MetricValue("hosting_mirror_attached"), 0);

  TheFaults().Clear();

  ASSERT_TRUE(AwaitAttached());
  EXPECT_EQ(Digest("a"), Digest("b"));
  EXPECT_EQ(MirrorStatus().detached_times(), 1U);
}

TEST_F(HostingMirrorTest, ASecondaryThatWasAwayTooLongIsFilledAnew) {
  Begin(R"({"policy":"degrade"})", {{"a", strata_plugin_hosting_memory, R"({"feed_mib":1})"},
                                    {"b", strata_plugin_hosting_sqlite}});
  ASSERT_TRUE(Put("mirror", "gone", "1").ok());
  ASSERT_TRUE(AwaitAttached());
  TheFaults().everything = true;
  v1::CommitRequest removal;
  removal.add_mutations()->set_delete_key("gone");
  v1::CommitResponse response;
  ASSERT_TRUE(stack_->Client("mirror").Commit(stack_->context(), removal, &response).ok());
  for (int round = 0; round < 8; ++round) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (int i = 0; i < 1000; ++i) {
      rows.emplace_back(std::to_string(i) + std::string(300, 'k'), std::string(500, 'v'));
    }
    ASSERT_TRUE(CommitPuts(stack_->Client("mirror"), stack_->context(), rows).ok());
  }
  ASSERT_GT(DescribeStore(stack_->Client("a"), stack_->context()).oldest_watch_version(), 2U);

  TheFaults().Clear();

  ASSERT_TRUE(AwaitAttached());
  EXPECT_EQ(Digest("a"), Digest("b"));
  ASSERT_TRUE(Put("mirror", "later", "1").ok());
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, AnEmptyPrimaryIsFilledFromItsSecondary) {
  Begin("{}", {{"a", strata_plugin_hosting_memory}, {"b", strata_plugin_hosting_sqlite}});
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  const Result<std::uint64_t> version = Put("mirror", "b", "2");
  ASSERT_TRUE(version.ok());

  ASSERT_TRUE(stack_->Restart().ok());

  EXPECT_EQ(ValueAt(stack_->Client("mirror"), stack_->context(), "b"), "2");
  EXPECT_EQ(Digest("a"), Digest("b"));
  EXPECT_EQ(DescribeStore(stack_->Client("a"), stack_->context()).last_version(), *version);
  ASSERT_TRUE(Put("mirror", "c", "3").ok());
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, FindsWhatWasChangedBehindItsBack) {
  Begin("{}");
  const Result<std::uint64_t> version = Put("mirror", "a", "1");
  ASSERT_TRUE(Put("mirror", "b", "1").ok());
  EXPECT_EQ(Compare().different(), 0U);
  v1::RewriteRequest request;
  v1::RowRewrite* row = request.add_rows();
  row->set_key("a");
  row->set_version(*version);
  row->set_value("other");
  v1::RewriteResponse response;
  ASSERT_TRUE(stack_->Client("b").Rewrite(stack_->context(), request, &response).ok());

  const v1::CompareStoresResponse compared = Compare();

  EXPECT_EQ(compared.different(), 1U);
  EXPECT_EQ(compared.missing() + compared.surplus(), 0U);
  EXPECT_NE(compared.primary_digest(), compared.secondary_digest());
  EXPECT_EQ(MirrorStatus().last_different(), 1U);
  EXPECT_EQ(stack_->host().MetricValue("hosting_mirror_different_rows"), 1);
}

TEST_F(HostingMirrorTest, ASecondaryThatSomebodyElseWroteToIsNotFollowed) {
  Begin(R"({"policy":"degrade"})");
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  ASSERT_TRUE(AwaitAttached());
  ASSERT_TRUE(Put("b", "z", "1").ok());
  ASSERT_TRUE(Put("mirror", "a", "2").ok());

  EXPECT_FALSE(MirrorStatus().attached());
  EXPECT_NE(MirrorStatus().reason().find("FAILED_PRECONDITION"), std::string::npos)
      << MirrorStatus().reason();
}

TEST_F(HostingMirrorTest, RefusesASecondaryOfAnotherStore) {
  Begin("{}");
  ASSERT_TRUE(Put("mirror", "a", "1").ok());
  stack_->Stop();
  std::filesystem::remove_all(stack_->FolderOf("a"));
  stack_->layers().pop_back();
  ASSERT_TRUE(stack_->Start().ok());
  ASSERT_TRUE(Put("a", "x", "another store").ok());

  const HostingLayer mirror{
      "mirror", strata_plugin_hosting_mirror, "{}", {{"primary", "a"}, {"secondary", "faulty"}}};
  stack_->layers().push_back(mirror);
  EXPECT_EQ(stack_->Restart().code(), Code::kFailedPrecondition);
  stack_->layers().back().config = R"({"overwrite_secondary":true})";
  const Status status = stack_->Restart();
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, RewritesReachBothStores) {
  Begin("{}");
  const Result<std::uint64_t> version = Put("mirror", "a", "1");
  v1::RewriteRequest request;
  v1::RowRewrite* row = request.add_rows();
  row->set_key("a");
  row->set_version(*version);
  row->set_expected("1");
  row->set_value("one");
  v1::RewriteResponse response;
  ASSERT_TRUE(stack_->Client("mirror").Rewrite(stack_->context(), request, &response).ok());
  EXPECT_EQ(response.skipped_size(), 0);

  EXPECT_EQ(ValueAt(stack_->Client("a"), stack_->context(), "a"), "one");
  EXPECT_EQ(Digest("a"), Digest("b"));
  ASSERT_TRUE(Put("mirror", "b", "2").ok());
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(HostingMirrorTest, RefusesUnknownSettings) {
  for (const char* config :
       {R"({"policy":"best"})", R"({"polcy":"required"})", R"({"compare_at_start":1})"}) {
    Begin(config);
    EXPECT_EQ(started_.code(), Code::kInvalidArgument) << config;
  }
}

}  // namespace
}  // namespace strata::testing
