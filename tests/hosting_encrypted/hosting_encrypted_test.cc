// What encryption adds to the hosting contract: nothing in the clear below, keys that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "strata/hosting/v1/encryption.strata.h"
#include "tests/support/hosting_calls.h"
#include "tests/support/hosting_stack.h"

extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_encrypted(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

namespace v1 = strata::hosting::v1;

class HostingEncryptedTest : public ::testing::Test {
 protected:
  HostingEncryptedTest()
      : stack_({{"plain", strata_plugin_hosting_sqlite},
                {"store", strata_plugin_hosting_encrypted, "{}", {{"store", "plain"}}}}) {
    MakeKey("old", 'o');
    MakeKey("new", 'n');
    Use({"old"});
  }

  void MakeKey(const std::string& id, char byte) {
    const std::string path = stack_.folder() + "/" + id + ".key";
    std::ofstream(path) << std::string(32, byte);
    chmod(path.c_str(), 0600);
  }
  std::string Config(const std::vector<std::string>& ids) const {
    std::string keys;
    for (const std::string& id : ids) {
      keys += (keys.empty() ? "" : ",") + (R"({"id":")" + id + R"(","file":")") + stack_.folder() +
              "/" + id + R"(.key"})";
    }
    return R"({"rewrite_share":100,"keys":[)" + keys + "]}";
  }
  void Use(const std::vector<std::string>& ids) { stack_.layers().back().config = Config(ids); }

  v1::HostingClient Client(const std::string& slot = "store") { return stack_.Client(slot); }
  const Context& context() { return stack_.context(); }
  void MustPut(const std::string& key, const std::string& value) {
    const Result<std::uint64_t> version = CommitPuts(Client(), context(), {{key, value}});
    ASSERT_TRUE(version.ok()) << version.status().ToString();
  }
  std::string Value(const std::string& key) { return ValueAt(Client(), context(), key); }
  v1::EncryptionStatusResponse EncryptionStatus() {
    v1::EncryptionStatusResponse response;
    const v1::EncryptionClient client(stack_.host().Client(), "store");
    EXPECT_TRUE(client.EncryptionStatus(context(), {}, &response).ok());
    return response;
  }
  bool AwaitOneDataKey() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (EncryptionStatus().data_keys_size() > 1 && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    return EncryptionStatus().data_keys_size() == 1;
  }

  HostingStack stack_;
};

TEST_F(HostingEncryptedTest, TheStoreBelowSeesKeysButNoValues) {
  ASSERT_TRUE(stack_.Start().ok());
  MustPut("patient/1", "Amelia Ward");

  EXPECT_EQ(Value("patient/1"), "Amelia Ward");
  EXPECT_EQ(ValueAt(Client("plain"), context(), "patient/1").find("Amelia"), std::string::npos);
  stack_.Stop();
  for (const auto& file : std::filesystem::recursive_directory_iterator(stack_.FolderOf("plain"))) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(bytes.find("Amelia"), std::string::npos) << file.path();
  }
}

TEST_F(HostingEncryptedTest, AWrongKeyIsRefusedAndLosesNothing) {
  ASSERT_TRUE(stack_.Start().ok());
  MustPut("a", "1");

  Use({"new"});
  Status status = stack_.Restart();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("\"old\""), std::string::npos) << status.message();
  MakeKey("old", 'x');
  Use({"old"});
  status = stack_.Restart();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("not the one"), std::string::npos) << status.message();
  MakeKey("old", 'o');
  ASSERT_TRUE(stack_.Restart().ok());
  EXPECT_EQ(Value("a"), "1");
}

TEST_F(HostingEncryptedTest, RefusesAStoreInTheClear) {
  const HostingLayer encrypted = stack_.layers().back();
  stack_.layers().pop_back();
  ASSERT_TRUE(stack_.Start().ok());
  ASSERT_TRUE(CommitPuts(Client("plain"), context(), {{"a", "1"}}).ok());
  stack_.layers().push_back(encrypted);

  const Status status = stack_.Restart();

  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("not encrypted"), std::string::npos) << status.message();
}

TEST_F(HostingEncryptedTest, ValuesCannotBeExchangedBelow) {
  ASSERT_TRUE(stack_.Start().ok());
  MustPut("a", "1");
  MustPut("b", "2");
  const std::string stolen = ValueAt(Client("plain"), context(), "b");
  ASSERT_TRUE(CommitPuts(Client("plain"), context(), {{"a", stolen}}).ok());

  EXPECT_EQ(Value("a"), "!DATA_LOSS");
  EXPECT_EQ(Value("b"), "2");
  EXPECT_EQ(DigestOf(Client(), context()), "!DATA_LOSS");
}

TEST_F(HostingEncryptedTest, RotatesUnderWritesAndKeepsVersions) {
  ASSERT_TRUE(stack_.Start().ok());
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = 0; i < 3000; ++i) rows.emplace_back("k" + std::to_string(i), std::string(300, 'v'));
  ASSERT_TRUE(CommitPuts(Client(), context(), rows).ok());
  const std::string before = DigestOf(Client(), context());
  stack_.host().SetNowUs(stack_.host().Client().NowUs() + 1);

  Use({"new", "old"});
  ASSERT_TRUE(stack_.Restart().ok());
  EXPECT_EQ(EncryptionStatus().active_key(), "new");
  EXPECT_TRUE(EncryptionStatus().rotating());
  EXPECT_EQ(DigestOf(Client(), context()), before);
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    while (!stop) {
      if (CommitPuts(Client(), context(), {{"w" + std::to_string(written), "new"}}).ok()) ++written;
    }
  });
  // The old data key is forgotten once no old instance can be writing with it any more.
  while (EncryptionStatus().rows_rewritten() == 0 || written < 20) std::this_thread::yield();
  stack_.host().SetNowUs(stack_.host().Client().NowUs() + std::int64_t{700} * 1'000'000);
  EXPECT_TRUE(AwaitOneDataKey());
  stop = true;
  writer.join();

  EXPECT_EQ(EncryptionStatus().data_keys(0).id(), 2U);
  const std::string after = DigestOf(Client(), context());
  Use({"new"});
  ASSERT_TRUE(stack_.Restart().ok());
  EXPECT_EQ(DigestOf(Client(), context()), after);
  EXPECT_THAT(EncryptionStatus().data_keys(0).wrapped_with(), ::testing::ElementsAre("new"));
  v1::CommitRequest removal;
  removal.add_mutations()->mutable_delete_range()->set_begin("w");
  v1::CommitResponse response;
  ASSERT_TRUE(Client().Commit(context(), removal, &response).ok());
  EXPECT_EQ(DigestOf(Client(), context()), before);
}

TEST_F(HostingEncryptedTest, RotatesWithoutARestart) {
  ASSERT_TRUE(stack_.Start().ok());
  MustPut("a", "1");
  const strata_plugin* plugin = strata_plugin_hosting_encrypted(0);
  const std::string config = Config({"new", "old"});
  strata_status why{};
  ASSERT_EQ(plugin->reconfigure(
                stack_.host().Instance("store"),
                {reinterpret_cast<const std::uint8_t*>(config.data()), config.size()}, &why),
            STRATA_OK);

  EXPECT_EQ(EncryptionStatus().active_key(), "new");
  EXPECT_EQ(EncryptionStatus().data_keys_size(), 2);
  MustPut("b", "2");
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("b"), "2");
}

TEST_F(HostingEncryptedTest, TakesTheLargestValueAndKey) {
  ASSERT_TRUE(stack_.Start().ok());
  const v1::Limits limits = DescribeStore(Client(), context()).limits();
  const std::string key(limits.max_key_bytes(), '\0');
  const std::string value(limits.max_value_bytes(), 'v');
  MustPut(key, value);
  EXPECT_EQ(Value(key), value);
}

TEST_F(HostingEncryptedTest, RefusesWrongSettings) {
  for (const char* config :
       {"{}", R"({"keys":[]})", R"({"keys":[{"id":"a"}]})",
        R"({"keys":[{"id":"a","file":"f","command":["/c"]}]})",
        R"({"keys":[{"id":"a","command":["c"]}]})", R"({"keys":[{"file":"f"}]})",
        R"({"keys":[{"id":"a","file":"f"},{"id":"a","file":"g"}]})", R"({"key":"a"})"}) {
    stack_.layers().back().config = config;
    EXPECT_EQ(stack_.Restart().code(), Code::kInvalidArgument) << config;
  }
}

}  // namespace
}  // namespace strata::testing
