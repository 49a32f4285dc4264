// The hosting plugins of this repository against the contract, in process.
#include <filesystem>

#include "tests/contract/hosting_contract.h"
#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

class InProcess final : public HostingBackend {
 public:
  explicit InProcess(const strata_plugin* plugin) {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    host_ = std::make_unique<FakeHost>();
    host_->SetStateDir(folder_);
    const Status added = host_->Add("store", plugin);
    EXPECT_TRUE(added.ok()) << added.ToString();
    client_ = std::make_unique<hosting::HostingClient>(host_->Client());
  }
  ~InProcess() override {
    client_.reset();
    host_.reset();
    std::filesystem::remove_all(folder_);
  }

  hosting::HostingClient& client() override { return *client_; }
  const Context& context() override { return request_.context(); }
  Status Restart() override { return host_->Restart("store"); }

 private:
  std::string folder_;
  std::unique_ptr<FakeHost> host_;
  FakeRequest request_;
  std::unique_ptr<hosting::HostingClient> client_;
};

HostingParam Param(const char* name, bool durable,
                   const strata_plugin* (*plugin)(uint32_t host_abi_minor)) {
  return {name, durable, [plugin] { return std::make_unique<InProcess>(plugin(0)); }};
}

const auto kName = [](const auto& test) { return test.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Plugins, HostingContract,
    ::testing::Values(Param("hosting_memory", false, strata_plugin_hosting_memory),
                      Param("hosting_sqlite", true, strata_plugin_hosting_sqlite)),
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
