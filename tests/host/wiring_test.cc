#include "core/host/wiring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::host {
namespace {

using ::testing::HasSubstr;

constexpr char kStore[] = "strata.hosting.v1.Hosting";
constexpr char kData[] = "strata.data.v1.Data";

Manifest Plugin(std::string layer, std::string service,
                std::vector<Requirement> requirements = {}) {
  Manifest out;
  out.id = "plugin";
  out.layer = std::move(layer);
  out.provides = {std::move(service)};
  out.requirements = std::move(requirements);
  return out;
}

const Manifest kHosting = Plugin("hosting", kStore);
const Manifest kWrapper = Plugin("hosting", kStore, {{"inner", kStore, false}});
const Manifest kRecord = Plugin("data", kData, {{"store", kStore, false}});
const Manifest kCurious = Plugin("data", kData, {{"store", kStore, true}});
const Manifest kConsole =
    Plugin("service", "strata.service.v1.DigitalService", {{"core", "strata.core.v1.Core", false}});

Result<Wiring> WireYaml(const std::string& slots, const std::vector<const Manifest*>& manifests) {
  STRATA_ASSIGN_OR_RETURN(const StackConfig stack, ParseStack("stack: s\nslots:\n" + slots, "s"));
  return Wire(stack, manifests);
}

TEST(Wiring, ConnectsTheOnlyProvider) {
  const auto wiring =
      WireYaml("  record: {plugin: p}\n  hosting: {plugin: p}\n", {&kRecord, &kHosting});

  ASSERT_TRUE(wiring.ok()) << wiring.status().message();
  ASSERT_EQ(wiring->grants[0].size(), 1u);
  EXPECT_EQ(wiring->grants[0][0].slot, "hosting");
  EXPECT_THAT(wiring->order, ::testing::ElementsAre(1, 0));
}

TEST(Wiring, OptionalRequirementsAreConnectedOnlyWhenNamed) {
  const auto left_out =
      WireYaml("  record: {plugin: p}\n  hosting: {plugin: p}\n", {&kCurious, &kHosting});
  const auto named =
      WireYaml("  record: {plugin: p, requires: {store: hosting}}\n  hosting: {plugin: p}\n",
               {&kCurious, &kHosting});

  EXPECT_TRUE(left_out->grants[0].empty());
  EXPECT_EQ(named->grants[0].size(), 1u);
}

// What a change asks for has not been checked as a stack file is.
TEST(Wiring, ASlotThatDoesNotExistIsRefused) {
  auto stack = ParseStack("stack: s\nslots:\n  record: {plugin: p}\n  hosting: {plugin: p}\n", "s");
  ASSERT_TRUE(stack.ok());
  stack->slots[0].requirements["store"] = {"hostin", "move"};

  const auto wiring = Wire(*stack, {&kRecord, &kHosting});

  ASSERT_EQ(wiring.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(wiring.status().message(), HasSubstr("slot \"hostin\", which does not exist"));
  EXPECT_THAT(wiring.status().message(), HasSubstr("did you mean \"hosting\""));
}

TEST(Wiring, SeveralProvidersMustBeChosenFrom) {
  const auto wiring = WireYaml("  a: {plugin: p}\n  b: {plugin: p}\n  record: {plugin: p}\n",
                               {&kHosting, &kHosting, &kRecord});

  EXPECT_THAT(
      wiring.status().message(),
      HasSubstr("s:5: slot \"record\" requires \"store\" (strata.hosting.v1.Hosting), which "
                "several slots provide; name one of them: a, b"));
}

TEST(Wiring, TheCoreIsGrantedOnlyWhereTheStackFileSaysSo) {
  const auto named = WireYaml("  console: {plugin: p, requires: {core: core}}\n", {&kConsole});
  const auto silent = WireYaml("  console: {plugin: p}\n", {&kConsole});
  const auto wrong = WireYaml("  record: {plugin: p, requires: {store: core}}\n", {&kRecord});

  ASSERT_TRUE(named.ok()) << named.status().message();
  ASSERT_EQ(named->grants[0].size(), 1u);
  EXPECT_EQ(named->grants[0][0].slot, "core");
  EXPECT_THAT(named->order, ::testing::ElementsAre(0));
  EXPECT_THAT(silent.status().message(), HasSubstr("write requires: {core: core}"));
  EXPECT_THAT(wrong.status().message(),
              HasSubstr("the core provides strata.core.v1.Core, not strata.hosting.v1.Hosting"));
}

TEST(Wiring, AMissingProviderIsRefused) {
  const auto wiring = WireYaml("  record: {plugin: p}\n", {&kRecord});

  EXPECT_THAT(wiring.status().message(), HasSubstr("s:3: "));
  EXPECT_THAT(wiring.status().message(), HasSubstr("which no slot provides"));
}

TEST(Wiring, AProviderOfSomethingElseIsRefused) {
  const auto wiring = WireYaml(
      "  a: {plugin: p}\n  b: {plugin: p, requires: {store: c}}\n"
      "  c: {plugin: p}\n",
      {&kHosting, &kRecord, &kRecord});

  EXPECT_THAT(wiring.status().message(),
              HasSubstr("s:4: slot \"c\" (plugin) does not provide strata.hosting.v1.Hosting"));
}

TEST(Wiring, ABindingThatThePluginDoesNotHaveIsRefused) {
  const auto wiring =
      WireYaml("  a: {plugin: p}\n  b: {plugin: p, requires: {stor: a}}\n", {&kHosting, &kRecord});

  EXPECT_THAT(wiring.status().message(),
              HasSubstr("s:4: plugin plugin has no requirement \"stor\"; did you mean \"store\"?"));
}

TEST(Wiring, ACycleIsNamed) {
  const auto wiring = WireYaml(
      "  a: {plugin: p, requires: {inner: b}}\n"
      "  b: {plugin: p, requires: {inner: c}}\n"
      "  c: {plugin: p, requires: {inner: b}}\n",
      {&kWrapper, &kWrapper, &kWrapper});

  EXPECT_THAT(wiring.status().message(), HasSubstr("in a circle: b -> c -> b"));
}

// An encrypting wrapper that cannot be read must not be wired around.
TEST(Wiring, NothingIsConnectedPastAnUnreadableSlot) {
  const auto wiring = WireYaml(
      "  hosting: {plugin: p}\n  encrypted: {plugin: p, optional: true}\n"
      "  record: {plugin: p}\n",
      {&kHosting, nullptr, &kRecord});

  EXPECT_THAT(wiring.status().message(), HasSubstr("as slot \"encrypted\" cannot be read"));
}

TEST(Wiring, TheOutermostOfALayerIsTheDefault) {
  const auto wiring =
      WireYaml("  disk: {plugin: p}\n  encrypted: {plugin: p, requires: {inner: disk}}\n",
               {&kHosting, &kWrapper});

  EXPECT_EQ(wiring->chosen.find(kStore)->second, 1u);
}

TEST(Wiring, AMarkedSlotIsTheDefault) {
  const std::vector<const Manifest*> two = {&kHosting, &kHosting};

  const auto none = WireYaml("  a: {plugin: p}\n  b: {plugin: p}\n", two);
  const auto marked = WireYaml("  a: {plugin: p}\n  b: {plugin: p, default: true}\n", two);
  const auto both =
      WireYaml("  a: {plugin: p, default: true}\n  b: {plugin: p, default: true}\n", two);

  EXPECT_EQ(none->chosen.count(kStore), 0u);
  EXPECT_EQ(marked->chosen.find(kStore)->second, 1u);
  EXPECT_THAT(both.status().message(),
              HasSubstr("s:4: slots \"a\" and \"b\" are both the default"));
}

}  // namespace
}  // namespace strata::host
