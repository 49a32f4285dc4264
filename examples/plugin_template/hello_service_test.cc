#include "hello_service.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_hello(uint32_t host_abi_minor);

namespace hello {
namespace {

namespace v1 = strata::service::v1;

TEST(HelloService, AnswersItsPage) {
  strata::testing::FakeHost host;
  ASSERT_TRUE(host.Add("greeter", strata_plugin_hello(0)).ok());
  strata::testing::FakeRequest request;
  bool sent = false;
  std::vector<v1::HandleResponse> parts;

  const strata::Status status = v1::DigitalServiceClient(host.Client())
                                    .Handle(
                                        request.context(),
                                        [&](v1::HandleRequest* part) {
                                          part->mutable_head()->set_path("/hello");
                                          return !std::exchange(sent, true);
                                        },
                                        [&](const v1::HandleResponse& part) {
                                          parts.push_back(part);
                                          return true;
                                        });

  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].head().status(), 200U);
  EXPECT_EQ(parts[0].body(), "Hello from greeter\n");
  EXPECT_EQ(host.MetricValue("hello_pages_total"), 1);
}

TEST(HelloService, RefusesAnExchangeWithoutAHead) {
  strata::testing::FakeHost host;
  ASSERT_TRUE(host.Add("greeter", strata_plugin_hello(0)).ok());
  strata::testing::FakeRequest request;

  const strata::Status status = v1::DigitalServiceClient(host.Client())
                                    .Handle(
                                        request.context(), [](v1::HandleRequest*) { return false; },
                                        [](const v1::HandleResponse&) { return true; });

  EXPECT_EQ(status.code(), strata::Code::kInvalidArgument);
}

}  // namespace
}  // namespace hello
