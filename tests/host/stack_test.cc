#include "core/host/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hosttest/data/v1/probe.pb.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using ::testing::HasSubstr;

TEST(Stack, StartsWiresAndRoutes) {
  auto stack = TestStack::Start(
      "  store: {plugin: hosttest_probe_1}\n"
      "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  hosttest::data::v1::LookRequest request;
  request.set_hops(1);
  IngressCall call(request.SerializeAsString());

  ASSERT_EQ((*stack)->Call("record", "Look", &call), STRATA_OK) << call.message();

  hosttest::data::v1::LookResponse response;
  ASSERT_EQ(call.responses().size(), 1u);
  ASSERT_TRUE(response.ParseFromString(call.responses()[0]));
  ASSERT_EQ(response.seen_size(), 2);
  EXPECT_EQ(response.seen(0).slot(), "record");
  EXPECT_EQ(response.seen(1).slot(), "store");
}

}  // namespace
}  // namespace strata::host
