#include "core/trial/shadow_tap.h"

#include <gtest/gtest.h>

#include "core/sdk/strata/abi.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kSlot = 3;

strata_method Method(std::string_view name, std::uint32_t flags, std::int32_t kind = STRATA_UNARY) {
  return {abi::Str(name), kind, flags};
}

const strata_method kRead = Method("/x.v1.X/Read", STRATA_METHOD_READ_ONLY);
const strata_method kWrite = Method("/x.v1.X/Write", 0);
const strata_method kHandle = Method("/strata.service.v1.DigitalService/Handle", 0, STRATA_BIDI);

class ShadowTapTest : public ::testing::Test {
 protected:
  host::CallObserver* Begin(const strata_method& method, std::string_view request = "q",
                            std::uint32_t slot = kSlot) {
    strata_call call{};
    call.request = abi::Bytes(request);
    return tap_.Begin(slot, method, call);
  }
  void Call(const strata_method& method, std::string_view request = "q") {
    host::CallObserver* const observer = Begin(method, request);
    if (observer == nullptr) return;
    observer->Response(abi::Bytes("a"));
    observer->End(STRATA_OK, 5);
  }
  std::optional<Copy> Take() { return queue_.Pop(steady_clock::now()); }

  CopyQueue queue_;
  ShadowTap tap_{{kSlot, {kSlot}, 1.0}, queue_};
};

TEST_F(ShadowTapTest, CopiesAReadWithItsAnswer) {
  Call(kRead);

  const auto copy = Take();
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->method, "/x.v1.X/Read");
  EXPECT_EQ(copy->requests, std::vector<std::string>{"q"});
  EXPECT_EQ(copy->responses, std::vector<std::string>{"a"});
  EXPECT_EQ(copy->duration_ns, 5);
  EXPECT_EQ(copy->writes, 0u);
}

TEST_F(ShadowTapTest, NeverCopiesAWriteNorAnotherSlot) {
  Call(kWrite);
  EXPECT_EQ(Begin(kRead, "q", kSlot + 1), nullptr);
  EXPECT_FALSE(Take().has_value());
  EXPECT_EQ(tap_.writes().Settled(), 1u);
}

TEST_F(ShadowTapTest, KnowsWhichWritesAReadSaw) {
  Call(kWrite);
  Call(kRead);
  EXPECT_EQ(Take()->writes, 1u);

  host::CallObserver* const read = Begin(kRead);
  Call(kWrite);
  read->End(STRATA_OK, 1);
  EXPECT_EQ(Take()->writes, Copy::kUnclear);

  host::CallObserver* const write = Begin(kWrite);
  Call(kRead);
  EXPECT_EQ(Take()->writes, Copy::kUnclear);
  write->End(STRATA_OK, 1);
  EXPECT_EQ(tap_.writes().Settled(), 3u);
}

TEST_F(ShadowTapTest, CountsWhatDoesNotFit) {
  for (std::size_t i = 0; i < CopyQueue::kMaxCopies + 3; ++i) Call(kRead);
  EXPECT_EQ(tap_.left_out(), 3u);
  Call(kRead, std::string(std::size_t{5} << 20, 'x'));
  EXPECT_EQ(tap_.left_out(), 4u);
}

TEST_F(ShadowTapTest, CopiesAShare) {
  ShadowTap tenth({kSlot, {}, 0.1}, queue_);
  int copied = 0;
  for (int i = 0; i < 20000; ++i) {
    strata_call call{};
    host::CallObserver* const observer = tenth.Begin(kSlot, kRead, call);
    if (observer == nullptr) continue;
    ++copied;
    observer->End(STRATA_OK, 1);
  }
  EXPECT_NEAR(copied, 2000, 300);
}

TEST_F(ShadowTapTest, LeavesItsOwnCallsOut) {
  const ShadowTap::Aside aside;
  EXPECT_EQ(Begin(kRead), nullptr);
}

TEST_F(ShadowTapTest, CopiesOnlySafeExchanges) {
  for (const char* method : {"GET", "POST", "HEAD"}) {
    service::v1::HandleRequest head;
    head.mutable_head()->set_method(method);
    host::CallObserver* const exchange = Begin(kHandle, "");
    ASSERT_NE(exchange, nullptr);
    exchange->Request(abi::Bytes(head.SerializeAsString()));
    exchange->End(STRATA_OK, 1);
  }
  EXPECT_TRUE(Take().has_value());
  EXPECT_TRUE(Take().has_value());
  EXPECT_FALSE(Take().has_value());
}

}  // namespace
}  // namespace strata::trial
