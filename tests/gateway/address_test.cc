#include "core/gateway/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace strata::gateway {
namespace {

using ::testing::HasSubstr;

std::string Canonical(std::string_view text) {
  const Result<ListenAddress> address = ParseListenAddress(text);
  return address.ok() ? (*address).ToString() : std::string(CodeName(address.status().code()));
}

TEST(ListenAddress, AcceptsLoopback) {
  EXPECT_EQ(Canonical("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(Canonical("127.1.2.3:1"), "127.1.2.3:1");
  EXPECT_EQ(Canonical("localhost:80"), "127.0.0.1:80");
  EXPECT_EQ(Canonical(":80"), "127.0.0.1:80");
  EXPECT_EQ(Canonical("[::1]:80"), "[::1]:80");
  EXPECT_EQ(Canonical("unix:/run/x"), "unix:/run/x");
}

TEST(ListenAddress, RefusesWhatOthersCanReach) {
  for (const char* text : {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "192.168.1.1:80"}) {
    EXPECT_EQ(Canonical(text), "FAILED_PRECONDITION") << text;
  }
  EXPECT_THAT(ParseListenAddress("0.0.0.0:80").status().message(),
              ::testing::AllOf(HasSubstr("login"), HasSubstr("127.0.0.1:80")));
}

TEST(ListenAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "80", "localhost", "localhost:", "127.0.0.1:x", "127.0.0.1:70000",
                           "example.org:80", "unix:", "unix:relative"}) {
    EXPECT_EQ(Canonical(text), "INVALID_ARGUMENT") << text;
  }
}

TEST(ListenAddress, PortInUseIsUnavailable) {
  ListenAddress first = *ParseListenAddress("127.0.0.1:0");
  const Result<int> descriptor = Listen(&first);
  ASSERT_TRUE(descriptor.ok());
  EXPECT_NE(first.port, 0);

  ListenAddress second = first;
  const Result<int> refused = Listen(&second);

  EXPECT_EQ(refused.status().code(), Code::kUnavailable);
  ::close(*descriptor);
}

TEST(LoopbackAuthority, NamesOfThisMachineOnly) {
  for (const char* good : {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:80",
                           "a.localhost:1", "127.9.9.9"}) {
    EXPECT_TRUE(IsLoopbackAuthority(good)) << good;
  }
  for (const char* bad : {"", ":80", "evil.example", "localhost.evil.example", "10.0.0.1",
                          "127.0.0.1.evil.example", "[::1", "evil-localhost"}) {
    EXPECT_FALSE(IsLoopbackAuthority(bad)) << bad;
  }
}

}  // namespace
}  // namespace strata::gateway
