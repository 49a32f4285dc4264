// The keys of a slot that say where its code runs.
#include "core/host/run_config.h"

#include <gmock/gmock.h>

#include "core/base/json.h"
#include "core/host/stack_file.h"

namespace strata::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Mode = RunConfig::Mode;

Result<StackConfig> Parse(const std::string& slot) {
  return ParseStack("stack: s\nslots:\n  a: {" + slot + "}\n", "s.yaml");
}

RunConfig RunOf(const std::string& slot) {
  const auto stack = Parse(slot);
  EXPECT_TRUE(stack.ok()) << stack.status().message();
  return stack.ok() ? stack->slots.front().run : RunConfig();
}

TEST(RunConfig, IsInProcessUnlessToldOtherwise) {
  EXPECT_EQ(RunOf("plugin: p").mode, Mode::kInProcess);
  EXPECT_EQ(RunOf("plugin: p, isolation: in-process").mode, Mode::kInProcess);
  const RunConfig run = RunOf(
      "plugin: p, isolation: process, network: true, "
      "limits: {memory_mib: 64, cpu_percent: 50, tasks: 100}");
  EXPECT_EQ(run.mode, Mode::kProcess);
  EXPECT_EQ(run.memory_mib, 64u);
  EXPECT_EQ(run.cpu_percent, 50u);
  EXPECT_EQ(run.tasks, 100u);
  EXPECT_TRUE(run.network);
}

TEST(RunConfig, TakesServersByTheirAddressOrCommand) {
  const RunConfig endpoint = RunOf("endpoint: 'unix:/run/x.sock', provides: [a.v1.S], layer: data");
  EXPECT_EQ(endpoint.mode, Mode::kEndpoint);
  EXPECT_THAT(endpoint.provides, ElementsAre("a.v1.S"));
  const RunConfig command = RunOf("command: [python3, s.py], provides: [a.v1.S], layer: data");
  EXPECT_EQ(command.mode, Mode::kCommand);
  EXPECT_THAT(command.command, ElementsAre("python3", "s.py"));
  EXPECT_EQ(RunOf("endpoint: '10.0.0.1:443', provides: [a.v1.S], layer: data, "
                  "tls: {ca: ca.pem, cert: c.pem, key: k.pem}")
                .tls_ca,
            "ca.pem");
}

TEST(RunConfig, OutlivesTheCoreAsJson) {
  for (const char* slot :
       {"plugin: p", "plugin: p, isolation: process, network: true, limits: {tasks: 99}",
        "command: [a, b], provides: [x, y], layer: tool, limits: {memory_mib: 77}",
        "endpoint: '1.1.1.1:1', provides: [x], layer: data, tls: {ca: a, cert: b, key: c}"}) {
    const RunConfig run = RunOf(slot);
    const auto document = json::Document::Parse(RunJson(run));
    ASSERT_TRUE(document.ok());
    EXPECT_EQ(ReadRunJson(document->root()), run) << slot;
  }
  EXPECT_EQ(ReadRunJson(json::Value()), RunConfig());
}

struct Fault {
  std::string slot;
  std::string message;
};
class RunConfigFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(RunConfigFaults, AreNamed) {
  const auto stack = Parse(GetParam().slot);
  ASSERT_FALSE(stack.ok());
  EXPECT_THAT(stack.status().message(), HasSubstr(GetParam().message));
  EXPECT_THAT(stack.status().message(), HasSubstr("s.yaml:3"));
}

INSTANTIATE_TEST_SUITE_P(
    All, RunConfigFaults,
    ::testing::Values(
        Fault{"plugin: p, isolation: maybe", "in-process or process"},
        Fault{"plugin: p, limits: {memory_mib: 64}", "need a process of its own"},
        Fault{"plugin: p, isolation: process, limits: {memory_mib: 1}", "whole number"},
        Fault{"plugin: p, network: true", "need a process of its own"},
        Fault{"plugin: p, endpoint: 'unix:/x'", "one of plugin, endpoint and command"},
        Fault{"plugin: p, layer: data", "stand in its manifest"},
        Fault{"endpoint: 'unix:/x'", "\"provides\""},
        Fault{"endpoint: 'unix:/x', provides: [s], layer: none", "layer: expected"},
        Fault{"endpoint: 'unix:x', provides: [s], layer: data", "absolute"},
        Fault{"endpoint: '10.0.0.1:1', provides: [s], layer: data", "clear text"},
        Fault{"endpoint: '10.0.0.1:1', provides: [s], layer: data, tls: {ca: c}", "cert and key"},
        Fault{"command: [], provides: [s], layer: data", "list of texts"},
        Fault{"command: [x], provides: [s], layer: data, isolation: process", "for plugins"}));

}  // namespace
}  // namespace strata::host
