#include "core/host/stack_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = R"(stack: embedded
http: 127.0.0.1:8080
grpc: "[::1]:0"
data: ./data
limits: {requests: 10, workers: 2, queued_work: 5}
timeouts: {start: 2min, drain: 500ms}
slots:
  hosting: {plugin: hosting_sqlite, config: {cache_mib: 64, mode: "64", list: [1.50, true, ~]}}
  record:
    plugin: ./data_fhir
    requires: {store: hosting}
    default: true
    optional: true
)";

TEST(StackFile, ReadsEverything) {
  const auto stack = ParseStack(kGood, "s.yaml");

  ASSERT_TRUE(stack.ok()) << stack.status().message();
  EXPECT_EQ(stack->name, "embedded");
  EXPECT_EQ(stack->max_requests, 10u);
  EXPECT_EQ(stack->workers, 2u);
  EXPECT_EQ(stack->max_queued_work, 5u);
  EXPECT_EQ(stack->start_timeout, std::chrono::minutes(2));
  EXPECT_EQ(stack->drain_timeout, std::chrono::milliseconds(500));
  ASSERT_EQ(stack->slots.size(), 2u);
  EXPECT_EQ(stack->slots[0].config_json, R"({"cache_mib":64,"mode":"64","list":[1.50,true,null]})");
  EXPECT_EQ(stack->slots[1].requirements.at("store").slot, "hosting");
  EXPECT_TRUE(stack->slots[1].optional);
  EXPECT_TRUE(stack->slots[1].is_default);
}

TEST(StackFile, BoundsGoOverThoseOfTheCore) {
  const auto stack = ParseStack(
      "stack: s\nprobation: {for: 1min, more_errors: 2.5%}\ncanary: {slower: 2, least_calls: 7}\n"
      "slots:\n  a: {plugin: p}\n",
      "s.yaml");

  ASSERT_TRUE(stack.ok()) << stack.status().message();
  EXPECT_EQ(stack->probation.duration, std::chrono::minutes(1));
  const ProbationBounds core;
  const ProbationBounds probation = stack->probation.Over(core);
  EXPECT_EQ(probation.more_errors, 0.025);
  EXPECT_EQ(probation.slower, core.slower);
  const ProbationBounds canary = stack->canary.Over(core);
  EXPECT_EQ(canary.more_errors, core.more_errors);
  EXPECT_EQ(canary.slower, 2);
  EXPECT_EQ(canary.least_calls, 7u);
}

TEST(StackFile, KnowsWhereSettingsStand) {
  const auto stack = ParseStack(
      "stack: s\nslots:\n  a:\n    plugin: p\n    config:\n"
      "      pool:\n        size: 1\n",
      "s.yaml");

  ASSERT_TRUE(stack.ok());
  EXPECT_EQ(stack->slots[0].ConfigPlace("pool.size"), "s.yaml:7");
  EXPECT_EQ(stack->slots[0].ConfigPlace("pool.sise"), "s.yaml:7");
  EXPECT_EQ(stack->slots[0].place, "s.yaml:3");
}

TEST(StackFile, SetsOverride) {
  const std::vector<std::string> sets = {"hosting.cache_mib=128", "hosting.pool.size=3",
                                         "hosting.mode=fast", "record.x=true"};
  const auto stack = ParseStack(kGood, "s.yaml", sets);

  ASSERT_TRUE(stack.ok()) << stack.status().message();
  EXPECT_EQ(stack->slots[0].config_json,
            R"({"cache_mib":128,"mode":"fast","list":[1.50,true,null],"pool":{"size":3}})");
  EXPECT_EQ(stack->slots[1].config_json, R"({"x":true})");
  EXPECT_EQ(stack->slots[0].ConfigPlace("cache_mib"), "--set hosting.cache_mib");
}

TEST(StackFile, SetsThatMakeNoSenseAreRefused) {
  const auto message = [](const std::string& set) {
    return ParseStack(kGood, "s.yaml", std::vector<std::string>{set}).status().message();
  };

  EXPECT_THAT(message("hostin.x=1"), HasSubstr("no slot \"hostin\"; did you mean \"hosting\"?"));
  EXPECT_THAT(message("x=1"), HasSubstr("expected slot.key=value"));
  EXPECT_THAT(message("hosting.x={a: 1, a: 2}"), HasSubstr("\"a\" is there twice"));
}

struct Fault {
  const char* name;
  const char* yaml;
  const char* message;
};

class StackFileFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(StackFileFaults, NameTheirLine) {
  const auto stack = ParseStack(GetParam().yaml, "s.yaml");

  ASSERT_FALSE(stack.ok());
  EXPECT_EQ(stack.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(stack.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, StackFileFaults,
    ::testing::Values(
        Fault{"UnknownKey", "stack: s\nslotz:\n  a: {plugin: p}\n",
              "s.yaml:2: unknown key \"slotz\" in the stack file; did you mean \"slots\"?"},
        Fault{"UnknownSlotKey", "stack: s\nslots:\n  a:\n    plugin: p\n    optionl: true\n",
              "s.yaml:5: unknown key \"optionl\" in slot \"a\"; did you mean \"optional\"?"},
        Fault{"NoPlugin", "stack: s\nslots:\n  a: {optional: true}\n",
              "s.yaml:3: slot \"a\" names no plugin"},
        Fault{"DuplicateSlot",
              "stack: s\nslots:\n  a: {plugin: p}\n  b: {plugin: p}\n"
              "  a: {plugin: q}\n",
              "s.yaml:5: \"a\" is there twice, first in line 3"},
        Fault{"UnknownTarget",
              "stack: s\nslots:\n  store: {plugin: p}\n"
              "  b: {plugin: p, requires: {x: stor}}\n",
              "s.yaml:4: slot \"b\" requires slot \"stor\", which is not there; did you mean "
              "\"store\"?"},
        Fault{"ForeignAddress", "stack: s\nhttp: 0.0.0.0:80\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: only loopback addresses are served"},
        Fault{"NoPort", "stack: s\ngrpc: 127.0.0.1\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: expected HOST:PORT"},
        Fault{"BadPort", "stack: s\ngrpc: 127.0.0.1:70000\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: expected HOST:PORT"},
        Fault{"BadFlag", "stack: s\nslots:\n  a: {plugin: p, optional: yes}\n",
              "s.yaml:3: must be true or false"},
        Fault{"BadCount", "stack: s\nlimits:\n  requests: 0\nslots:\n  a: {plugin: p}\n",
              "s.yaml:3: must be a whole number from 1 to 60000"},
        Fault{"BadTime", "stack: s\ntimeouts:\n  drain: 5\nslots:\n  a: {plugin: p}\n",
              "s.yaml:3: must be a time such as 500ms"},
        Fault{"BadPercentage", "stack: s\ncanary: {more_errors: 5}\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: must be a percentage such as 5%"},
        Fault{"BadTimes", "stack: s\nprobation: {slower: 0.5}\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: must be a number of times, at least 1"},
        Fault{"NoTimeForACanary", "stack: s\ncanary: {for: 5min}\nslots:\n  a: {plugin: p}\n",
              "s.yaml:2: unknown key \"for\" in canary"},
        Fault{"BadName", "stack: s\nslots:\n  A: {plugin: p}\n", "s.yaml:3: a slot's name is"},
        Fault{"CoreIsTaken", "stack: s\nslots:\n  core: {plugin: p}\n", "s.yaml:3: \"core\" is"},
        Fault{"NoSlots", "stack: s\n", "\"slots\" is missing"},
        Fault{"NoName", "slots:\n  a: {plugin: p}\n",
              "\"stack\" (the name of the stack) is missing"},
        Fault{"NotYaml", "stack: s\nslots: [\n", "s.yaml:3: "},
        Fault{"Empty", "", "a stack file is a mapping"},
        Fault{"ConfigTwice",
              "stack: s\nslots:\n  a:\n    plugin: p\n    config:\n      x: 1\n"
              "      x: 2\n",
              "s.yaml:7: \"x\" is there twice"},
        Fault{"ConfigNoMap", "stack: s\nslots:\n  a: {plugin: p, config: 5}\n",
              "s.yaml:3: config must be a mapping"}),
    [](const auto& test) { return test.param.name; });

TEST(StackFile, ReportsAllFaultsAtOnce) {
  const auto stack = ParseStack("stack: s\nhtp: x\nslots:\n  a: {}\n  b: {}\n", "s.yaml");

  EXPECT_THAT(stack.status().message(), HasSubstr("s.yaml:2: "));
  EXPECT_THAT(stack.status().message(), HasSubstr("\ns.yaml:4: "));
  EXPECT_THAT(stack.status().message(), HasSubstr("\ns.yaml:5: "));
}

TEST(StackFile, IsReadFromDisk) {
  const TempDir dir;
  std::ofstream(dir / "s.yaml") << kGood;

  const auto stack = LoadStackFile(dir / "s.yaml");

  ASSERT_TRUE(stack.ok());
  EXPECT_EQ(stack->base_dir, dir.path());
  EXPECT_EQ(LoadStackFile(dir / "none.yaml").status().code(), Code::kNotFound);
}

TEST(StackFile, GrpcMayListenOnAUnixSocket) {
  const auto yaml = [](const std::string& key) {
    return "stack: s\n" + key + ": unix:/run/strata.sock\nslots:\n  a: {plugin: p}\n";
  };

  EXPECT_TRUE(ParseStack(yaml("grpc"), "s.yaml").ok());
  EXPECT_FALSE(ParseStack(yaml("admin_http"), "s.yaml").ok());
  EXPECT_FALSE(ParseStack(yaml("http"), "s.yaml").ok());
}

TEST(StackFile, AddressesMustBeLoopback) {
  for (const char* good : {"127.0.0.1:0", "127.9.9.9:80", "localhost:8080", "[::1]:1"}) {
    EXPECT_TRUE(CheckListenAddress(good).ok()) << good;
  }
  for (const char* bad : {"", ":80", "10.0.0.1:80", "[::]:80", "example.org:80", "127.0.0.1:x",
                          "1270.0.1:80", "127.0.0.1.example.org:80"}) {
    EXPECT_FALSE(CheckListenAddress(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace strata::host
