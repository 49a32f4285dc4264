// Servers in another language as plugins.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "core/isolation/endpoint_plugin.h"
#include "core/isolation/process.h"
#include "core/isolation/server_process.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Contracts() {
  std::ifstream in(STRATA_PROTOSET, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class Endpoint : public ::testing::Test {
 protected:
  void StartServer() {
    isolation::ProcessSpec spec;
    spec.path = "/usr/bin/python3";
    spec.argv = {"python3", STRATA_HOSTING_SERVER, Address()};
    spec.env = {"PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"};
    auto started = isolation::Process::Start(std::move(spec));
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = *std::move(started);
  }

  std::string Address() const { return "unix:" + folder_.path() + "/server.sock"; }

  Status Attach() {
    isolation::EndpointSpec spec;
    spec.address = Address();
    spec.layer = "hosting";
    spec.provides = {"strata.hosting.v1.Hosting", "strata.data.v1.Data"};
    spec.contracts = Contracts();
    auto opened = isolation::EndpointPlugin::Open(spec);
    if (!opened.ok()) return opened.status();
    plugin_ = *opened;
    return host_.Add("probe", plugin_.get());
  }

  bool WaitForHealth(bool healthy) {
    const auto until = steady_clock::now() + std::chrono::seconds(30);
    while (steady_clock::now() < until) {
      if (host_.Health("probe").ok() == healthy) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  std::string Do(std::string_view method, const std::string& request) {
    TestCall call(request);
    const Code code = call.RunFull(host_, "probe", method);
    return code == Code::kOk ? call.joined() : std::string(CodeName(code)) + ":" + call.message;
  }

  static constexpr std::string_view kGet = "/strata.hosting.v1.Hosting/Get";

  TempFolder folder_;
  std::unique_ptr<isolation::Process> server_;
  std::shared_ptr<const strata_plugin> plugin_;
  FakeHost host_;
};

TEST_F(Endpoint, CarriesAllKinds) {
  StartServer();
  ASSERT_TRUE(Attach().ok());
  ASSERT_TRUE(WaitForHealth(true));
  EXPECT_EQ(Do(kGet, "hello"), "hello");
  EXPECT_EQ(Do(kGet, "fail"), "NOT_FOUND:no such thing");
  EXPECT_EQ(Do("/strata.hosting.v1.Hosting/Scan", "5"), "01234");
  EXPECT_THAT(Do("/strata.hosting.v1.Hosting/Describe", ""), HasSubstr("UNIMPLEMENTED"));

  TestCall upload;
  upload.Stream({"a", "b", "c"});
  EXPECT_EQ(upload.RunFull(host_, "probe", "/strata.hosting.v1.Hosting/CommitStream"), Code::kOk);
  EXPECT_EQ(upload.joined(), "abc");

  TestCall chat;
  chat.Stream({"x", "y"});
  EXPECT_EQ(chat.RunFull(host_, "probe", "/strata.data.v1.Data/Import"), Code::kOk);
  EXPECT_THAT(chat.responses, ElementsAre("re:x", "re:y"));
}

TEST_F(Endpoint, IsToldWhoIsAsking) {
  StartServer();
  ASSERT_TRUE(Attach().ok());
  ASSERT_TRUE(WaitForHealth(true));
  FakeRequest request({.auth = "who"});
  TestCall call("auth");
  call.parent = request.context().call();
  EXPECT_EQ(call.RunFull(host_, "probe", kGet), Code::kOk);
  EXPECT_EQ(call.joined(), "who");
}

TEST_F(Endpoint, IsReachedAgainAfterItWasAway) {
  StartServer();
  ASSERT_TRUE(Attach().ok());
  ASSERT_TRUE(WaitForHealth(true));
  server_.reset();
  EXPECT_TRUE(WaitForHealth(false));
  EXPECT_THAT(Do(kGet, "x"), HasSubstr("UNAVAILABLE"));
  StartServer();
  EXPECT_TRUE(WaitForHealth(true));
  EXPECT_EQ(Do(kGet, "x"), "x");
}

TEST_F(Endpoint, OfAnUnknownContractIsRefused) {
  isolation::EndpointSpec spec;
  spec.address = Address();
  spec.provides = {"no.such.Service"};
  spec.contracts = Contracts();
  EXPECT_EQ(isolation::EndpointPlugin::Open(spec).status().code(), Code::kInvalidArgument);
}

TEST(Command, IsStartedWatchedAndStopped) {
  TempFolder folder;
  isolation::EndpointSpec spec;
  spec.layer = "hosting";
  spec.provides = {"strata.hosting.v1.Hosting"};
  spec.contracts = Contracts();
  isolation::ServerSpec server;
  server.program = SpecOf("").program;
  server.command = {"python3", "-B", STRATA_HOSTING_SERVER};
  server.base_dir = folder.path();
  server.slot = "probe";
  server.confinement.state_dir = folder.path() + "/state";
  server.confinement.programs = true;
  auto opened = isolation::EndpointPlugin::OpenCommand(spec, server);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  FakeHost host;
  const Status added = host.Add("probe", opened->get());
  ASSERT_TRUE(added.ok()) << added.ToString();
  const auto ask = [&](const std::string& request) {
    TestCall call(request);
    const Code code = call.RunFull(host, "probe", "/strata.hosting.v1.Hosting/Get");
    return code == Code::kOk ? call.joined() : std::string(CodeName(code));
  };
  const auto report = [&] { return isolation::OutsidePlugin::Of(opened->get())->Report(); };
  EXPECT_EQ(ask("pid"), std::to_string(report().pid));
  EXPECT_EQ(ask("crash"), "UNAVAILABLE");
  const auto until = steady_clock::now() + std::chrono::seconds(30);
  while (ask("x") != "x" && steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(ask("x"), "x");
  EXPECT_EQ(report().restarts, 1u);
}

TEST(Command, ThatEndsIsRefusedWithItsReason) {
  TempFolder folder;
  isolation::EndpointSpec spec;
  spec.provides = {"strata.hosting.v1.Hosting"};
  spec.contracts = Contracts();
  isolation::ServerSpec server;
  server.program = SpecOf("").program;
  server.command = {"sh", "-c", "echo no luck; exit 4"};
  server.base_dir = folder.path();
  server.confinement.state_dir = folder.path() + "/state";
  server.confinement.programs = true;
  auto opened = isolation::EndpointPlugin::OpenCommand(spec, server);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  FakeHost host;
  const Status added = host.Add("probe", opened->get());
  EXPECT_EQ(added.code(), Code::kUnavailable);
  EXPECT_THAT(added.message(), HasSubstr("exit code 4"));
}

}  // namespace
}  // namespace strata::testing
