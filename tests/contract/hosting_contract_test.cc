// The hosting plugins of this repository against the contract, in process.
#include "tests/contract/hosting_contract.h"
#include "tests/support/fake_host.h"
#include "tests/support/hosting_stack.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_mirror(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_encrypted(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

class InProcess final : public HostingBackend {
 public:
  explicit InProcess(std::vector<HostingLayer> layers) : stack_(std::move(layers)) {
    const Status started = stack_.Start();
    EXPECT_TRUE(started.ok()) << started.ToString();
    Connect();
  }

  hosting::HostingClient& client() override { return *client_; }
  const Context& context() override { return stack_.context(); }
  Status Restart() override {
    client_.reset();
    STRATA_RETURN_IF_ERROR(stack_.Restart());
    Connect();
    return OkStatus();
  }

 private:
  void Connect() {
    client_ = std::make_unique<hosting::HostingClient>(stack_.Client(stack_.layers().back().slot));
  }

  HostingStack stack_;
  std::unique_ptr<hosting::HostingClient> client_;
};

HostingParam Param(const char* name, bool durable, const std::vector<HostingLayer>& layers) {
  return {name, durable, [layers] { return std::make_unique<InProcess>(layers); }};
}

const HostingLayer kMemory{"memory", strata_plugin_hosting_memory};
const HostingLayer kSqlite{"sqlite", strata_plugin_hosting_sqlite};

HostingLayer Mirror(const char* primary, const char* secondary) {
  return {"mirror",
          strata_plugin_hosting_mirror,
          "{}",
          {{"primary", primary}, {"secondary", secondary}}};
}

HostingLayer Encrypted(const char* store) {
  return {"encrypted",
          strata_plugin_hosting_encrypted,
          R"({"keys":[{"id":"k","command":["/usr/bin/printf","%064d","7"]}]})",
          {{"store", store}}};
}

const auto kName = [](const auto& test) { return test.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Plugins, HostingContract,
    ::testing::Values(
        Param("hosting_memory", false, {kMemory}), Param("hosting_sqlite", true, {kSqlite}),
        Param("mirror_memory_sqlite", true, {kMemory, kSqlite, Mirror("memory", "sqlite")}),
        Param("mirror_sqlite_memory", true, {kMemory, kSqlite, Mirror("sqlite", "memory")}),
        Param("encrypted_sqlite", true, {kSqlite, Encrypted("sqlite")}),
        Param("encrypted_mirror", true,
              {kMemory, kSqlite, Mirror("memory", "sqlite"), Encrypted("mirror")}),
        Param("mirror_encrypted", true,
              {kMemory, kSqlite, Encrypted("sqlite"), Mirror("memory", "encrypted")})),
    kName);

class Configuration : public ::testing::Test {
 protected:
  Status Add(const strata_plugin* plugin, std::string_view config) {
    return host_.Add("store", plugin, config);
  }
  FakeHost host_;
};

TEST_F(Configuration, RefusesUnknownAndWrongSettings) {
  for (const char* config : {"[]", "{", R"({"cache":1})", R"({"cache_mib":"1"})",
                             R"({"cache_mib":0})", R"({"path":1})", R"({"path":"/x","page_kib":5})",
                             R"({"path":"/x","checkpoint_mib":100,"restart_mib":10})"}) {
    EXPECT_EQ(Add(strata_plugin_hosting_sqlite(0), config).code(), Code::kInvalidArgument)
        << config;
  }
  EXPECT_EQ(Add(strata_plugin_hosting_memory(0), R"({"path":"/x"})").code(),
            Code::kInvalidArgument);
}

TEST_F(Configuration, SqliteNeedsAFolder) {
  const Status status = Add(strata_plugin_hosting_sqlite(0), "{}");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("state folder"), std::string::npos) << status.ToString();
}

}  // namespace
}  // namespace strata::testing
