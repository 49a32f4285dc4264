// The hosting suite with the plugin in a process of its own.
#include "tests/contract/hosting_contract.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

class Isolated final : public HostingBackend {
 public:
  Isolated() {
    auto plugin = isolation::RemotePlugin::Open(
        SpecOf(folder_.path(), STRATA_PLUGINS "/hosting_sqlite/plugin.so"));
    EXPECT_TRUE(plugin.ok()) << plugin.status().ToString();
    plugin_ = *plugin;
    host_ = std::make_unique<FakeHost>();
    host_->SetStateDir(folder_.path());
    const Status added = host_->Add("store", plugin_.get());
    EXPECT_TRUE(added.ok()) << added.ToString();
    client_ = std::make_unique<hosting::HostingClient>(host_->Client());
  }
  ~Isolated() override {
    client_.reset();
    host_.reset();
  }

  hosting::HostingClient& client() override { return *client_; }
  const Context& context() override { return request_.context(); }
  Status Restart() override { return host_->Restart("store"); }

 private:
  TempFolder folder_;
  std::shared_ptr<const strata_plugin> plugin_;
  std::unique_ptr<FakeHost> host_;
  FakeRequest request_;
  std::unique_ptr<hosting::HostingClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Isolated, HostingContract,
                         ::testing::Values(HostingParam{
                             "hosting_sqlite", true, [] { return std::make_unique<Isolated>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace strata::testing
