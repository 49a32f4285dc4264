// The C vtable of a plugin class: lifecycle, refusals, and what an older side may leave out.
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sdktest/v1/store.strata.h"
#include "tests/sdk/plugins.h"
#include "tests/support/fake_host.h"

namespace strata {
namespace {

using sdktest::v1::StoreService;
using testing::FakeHost;

template <typename P>
const strata_plugin* TableOf() {
  return sdk::PluginTable<P, StoreService>::Get({"sdktest.table", "1.2.3", "sdktest"});
}

strata_status EmptyStatus() { return {sizeof(strata_status), STRATA_OK, {}, {}}; }

std::vector<std::string>& Events() {
  static std::vector<std::string> events;
  return events;
}

// Has every optional member.
class Complete final : public StoreService {
 public:
  static Result<std::unique_ptr<Complete>> Create(Host, std::string_view config) {
    if (config == "bad") return InvalidArgument("config.path: missing");
    return std::make_unique<Complete>();
  }
  static std::string_view ConfigSchema() { return R"({"type":"object"})"; }

  Complete() = default;
  ~Complete() override { Events().emplace_back("destroy"); }
  Status Start() {
    Events().emplace_back("start");
    return {};
  }
  Status Health() { return Unavailable("warming up"); }
  Status Reconfigure(std::string_view config) {
    return config == "bad" ? InvalidArgument("no") : OkStatus();
  }
  Status Drain(std::chrono::steady_clock::time_point) {
    Events().emplace_back("drain");
    return {};
  }
  void Stop() { Events().emplace_back("stop"); }
  const void* Extension(std::string_view id) { return id == "sdktest.ext/1" ? this : nullptr; }
};

// Throws wherever it can.
class Throwing final : public StoreService {
 public:
  Throwing(Host, std::string_view config) {
    if (config == "bad") throw std::invalid_argument("bad config");
  }
  Status Start() { throw std::runtime_error("no disk"); }
  Status Health() { throw std::runtime_error("sick"); }
  void Stop() { throw std::runtime_error("stop"); }
  const void* Extension(std::string_view) { throw std::runtime_error("extension"); }
};

// Serves two services in one plugin.
class Twin final : public StoreService, public sdktest::v1::CounterService {
 public:
  Twin(Host, std::string_view) {}
  Status Next(Context&, const sdktest::v1::NextRequest&, sdktest::v1::NextResponse* out) override {
    out->set_value(5);
    return {};
  }
};

TEST(PluginTable, RunsTheLifecycleInOrder) {
  Events().clear();
  {
    FakeHost host;
    ASSERT_TRUE(host.Add("x", TableOf<Complete>()).ok());
    EXPECT_EQ(host.Health("x").ToString(), "UNAVAILABLE: warming up");
  }

  EXPECT_EQ(Events(), (std::vector<std::string>{"start", "drain", "stop", "destroy"}));
}

TEST(PluginTable, ARefusedConfigGivesItsReason) {
  FakeHost host;

  EXPECT_EQ(host.Add("x", TableOf<Complete>(), "bad").ToString(),
            "INVALID_ARGUMENT: config.path: missing");
  EXPECT_EQ(host.Add("x", TableOf<Throwing>(), "bad").ToString(), "INTERNAL: bad config");
  EXPECT_EQ(host.Add("x", strata_plugin_sdktest_mem_store(0), "").ToString(),
            "INVALID_ARGUMENT: config is empty");
}

TEST(PluginTable, NoExceptionLeavesAControlCall) {
  FakeHost host;
  const strata_plugin* table = TableOf<Throwing>();
  void* self = nullptr;
  strata_status why = EmptyStatus();
  ASSERT_EQ(table->create(host.Client().raw(), {}, &self, &why), STRATA_OK);

  EXPECT_EQ(table->start(self, &why), STRATA_INTERNAL);
  EXPECT_EQ(abi::View(why.message), "no disk");
  EXPECT_EQ(table->health(self, &why), STRATA_INTERNAL);
  EXPECT_EQ(abi::View(why.message), "sick");
  EXPECT_EQ(table->extension(self, "any"), nullptr);
  table->stop(self);
  table->destroy(self);
}

TEST(PluginTable, AFailedStartIsReportedAndDestroyed) {
  FakeHost host;

  EXPECT_EQ(host.Add("x", TableOf<Throwing>()).ToString(), "INTERNAL: no disk");
}

TEST(PluginTable, WithoutReconfigureTheCoreIsToldToSwap) {
  FakeHost host;
  ASSERT_TRUE(host.Add("x", strata_plugin_sdktest_smallest(0)).ok());
  strata_status why = EmptyStatus();

  EXPECT_EQ(strata_plugin_sdktest_smallest(0)->reconfigure(host.Instance("x"), {}, &why),
            STRATA_UNIMPLEMENTED);
}

TEST(PluginTable, DescribesTheClass) {
  const strata_descriptor& desc = *TableOf<Complete>()->desc;

  EXPECT_EQ(abi::View(desc.version), "1.2.3");
  EXPECT_EQ(abi::View(desc.config_schema), R"({"type":"object"})");
  EXPECT_EQ(abi::View(desc.contracts_version), "3.1.0");
  EXPECT_NE(abi::View(desc.build_info).find("strata-sdk"), std::string_view::npos);
  EXPECT_EQ(TableOf<Complete>(), TableOf<Complete>());
}

TEST(PluginTable, OffersExtensionsById) {
  FakeHost host;
  ASSERT_TRUE(host.Add("x", TableOf<Complete>()).ok());
  void* self = host.Instance("x");

  EXPECT_NE(TableOf<Complete>()->extension(self, "sdktest.ext/1"), nullptr);
  EXPECT_EQ(TableOf<Complete>()->extension(self, "sdktest.ext/2"), nullptr);
}

TEST(PluginTable, ServesSeveralServices) {
  FakeHost host;
  const strata_plugin* twin =
      sdk::PluginTable<Twin, StoreService, sdktest::v1::CounterService>::Get(
          {"sdktest.twin", "1.0.0", "tool"});
  ASSERT_TRUE(host.Add("twin", twin).ok());
  testing::FakeRequest request;

  sdktest::v1::NextResponse next;
  sdktest::v1::Record record;
  const Status counted =
      sdktest::v1::CounterClient(host.Client()).Next(request.context(), {}, &next);
  const Status got = sdktest::v1::StoreClient(host.Client()).Get(request.context(), {}, &record);

  EXPECT_TRUE(counted.ok()) << counted.ToString();
  EXPECT_EQ(next.value(), 5);
  EXPECT_EQ(got.code(), Code::kUnimplemented);
}

TEST(PluginTable, RefusesAMethodNumberOutsideItsTable) {
  FakeHost host;
  ASSERT_TRUE(host.Add("x", strata_plugin_sdktest_smallest(0)).ok());
  static std::string message;
  strata_call_ops ops{};
  ops.struct_size = sizeof(ops);
  ops.set_status = [](strata_call*, const strata_status* s) { message = abi::View(s->message); };
  strata_call call{};
  call.struct_size = sizeof(call);
  call.ops = &ops;
  call.method = 5;

  EXPECT_EQ(strata_plugin_sdktest_smallest(0)->handle(host.Instance("x"), &call),
            STRATA_UNIMPLEMENTED);
  EXPECT_EQ(message, "this plugin has no method number 5");
}

TEST(PluginTable, RefusesBytesThatAreNoRequest) {
  FakeHost host;
  ASSERT_TRUE(host.Add("x", strata_plugin_sdktest_smallest(0)).ok());
  static std::string message;
  strata_call_ops ops{};
  ops.struct_size = sizeof(ops);
  ops.set_status = [](strata_call*, const strata_status* s) { message = abi::View(s->message); };
  strata_call call{};
  call.struct_size = sizeof(call);
  call.ops = &ops;
  call.request = abi::Bytes("\x0a\xff");

  EXPECT_EQ(strata_plugin_sdktest_smallest(0)->handle(host.Instance("x"), &call),
            STRATA_INVALID_ARGUMENT);
  EXPECT_EQ(message, "the request is not a valid sdktest.v1.GetRequest");
}

TEST(Host, AnOlderCoreOffersLessAndNothingBreaks) {
  FakeHost fake;
  strata_host old = *fake.Client().raw();
  old.struct_size = offsetof(strata_host, metric);
  old.metric = nullptr;
  old.submit = nullptr;
  old.set_health = nullptr;
  old.extension = nullptr;
  const Host host(&old);

  host.Counter("x").Increment();
  host.SetHealth(Unavailable("x"));

  EXPECT_EQ(host.Submit([] {}).code(), Code::kUnimplemented);
  EXPECT_EQ(host.Extension("strata.host.secrets/1"), nullptr);
  EXPECT_EQ(host.Secret("password").status().code(), Code::kUnimplemented);
}

TEST(Host, LogsMetricsSecretsAndWork) {
  FakeHost fake;
  ASSERT_TRUE(fake.Add("x", strata_plugin_sdktest_smallest(0)).ok());
  fake.SetSecret("db", "s3cret");
  const Host host = fake.HostOf("x");
  const Metric rows = host.Counter("rows_total", {{"table", "a"}});
  CancelSource ran;

  rows.Record(2);
  rows.Increment();
  host.Warning("x.slow", {{"ms", 12}, {"mode", "wal"}, {"full", true}});
  ASSERT_TRUE(host.Submit([&] { ran.Cancel(); }).ok());
  ASSERT_TRUE(fake.Restart("x").ok()) << "draining waits for submitted work";

  EXPECT_EQ(fake.MetricValue("rows_total"), 3);
  const testing::LogLine line = fake.Logs().at(0);
  EXPECT_EQ(line.event, "x.slow");
  EXPECT_EQ(line.fields,
            (std::map<std::string, std::string>{{"ms", "12"}, {"mode", "wal"}, {"full", "true"}}));
  EXPECT_EQ(*host.Secret("db"), "s3cret");
  EXPECT_EQ(host.Secret("none").status().code(), Code::kNotFound);
  EXPECT_TRUE(ran.cancelled());
}

}  // namespace
}  // namespace strata
