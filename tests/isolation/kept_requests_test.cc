// Requests of a call that may have to be made again.
#include "core/isolation/kept_requests.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

constexpr std::uint32_t kField = 2;
const std::string kNamed = "\x12\x01x";     // Field 2 is "x".
const std::string kNameless = "\x0a\x01x";  // Field 1 is.

// A caller with some requests.
struct Caller : strata_call {
  explicit Caller(std::deque<std::string> all) : strata_call{}, requests(std::move(all)) {
    struct_size = sizeof(strata_call);
    ops = &kOps;
  }
  static strata_code Read(strata_call* c, strata_bytes* out) {
    auto& self = *static_cast<Caller*>(c);
    ++self.reads;
    if (self.requests.empty()) return STRATA_OUT_OF_RANGE;
    self.current = std::move(self.requests.front());
    self.requests.pop_front();
    *out = abi::Bytes(self.current);
    return STRATA_OK;
  }
  static constexpr strata_call_ops kOps = {sizeof(strata_call_ops),
                                           nullptr,
                                           &Read,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           nullptr};

  std::deque<std::string> requests;
  std::string current;
  int reads = 0;
};

// All that is left, one after the other.
std::string ReadAll(KeptRequests& requests) {
  std::string out;
  strata_bytes bytes{};
  while (requests.Next(&bytes) == STRATA_OK) out += abi::View(bytes);
  return out;
}

TEST(KeptRequests, AreReadAgainFromTheBeginning) {
  Caller caller({kNamed, "a", "b"});
  KeptRequests requests(&caller, kField);
  strata_bytes bytes{};
  ASSERT_EQ(requests.Next(&bytes), STRATA_OK);
  ASSERT_EQ(requests.Next(&bytes), STRATA_OK);
  EXPECT_EQ(abi::View(bytes), "a");
  ASSERT_TRUE(requests.whole());
  requests.Rewind();

  EXPECT_EQ(ReadAll(requests), kNamed + "ab");
  ASSERT_TRUE(requests.whole());
  requests.Rewind();
  EXPECT_EQ(ReadAll(requests), kNamed + "ab");
  EXPECT_EQ(caller.reads, 4);  // Three, and the end once.
}

TEST(KeptRequests, AreWholeBeforeTheFirst) {
  Caller caller({kNamed});
  EXPECT_TRUE(KeptRequests(&caller, kField).whole());
  EXPECT_FALSE(KeptRequests(&caller, 0).whole());
}

TEST(KeptRequests, AreNotKeptWithoutARequestId) {
  Caller caller({kNameless, kNamed});
  KeptRequests requests(&caller, kField);
  EXPECT_EQ(ReadAll(requests), kNameless + kNamed);
  EXPECT_FALSE(requests.whole());
}

const std::string kHalf(KeptRequests::kOwnBytes / 2, 'x');

TEST(KeptRequests, AreNotKeptBeyondTheirBound) {
  Caller caller({kNamed, kHalf, kHalf, "end"});
  KeptRequests requests(&caller, kField);
  EXPECT_EQ(ReadAll(requests), kNamed + kHalf + kHalf + "end");
  EXPECT_FALSE(requests.whole());
}

TEST(KeptRequests, BeyondTheirBoundShareWhatRoomThereIs) {
  KeptRoom room(kHalf.size());
  Caller one({kNamed, kHalf, kHalf});
  Caller two({kNamed, kHalf, kHalf});
  {
    KeptRequests first(&one, kField, &room);
    KeptRequests second(&two, kField, &room);

    EXPECT_EQ(ReadAll(first), kNamed + kHalf + kHalf);
    EXPECT_EQ(ReadAll(second), kNamed + kHalf + kHalf);

    ASSERT_TRUE(first.whole());
    first.Rewind();
    EXPECT_EQ(ReadAll(first), kNamed + kHalf + kHalf);
    EXPECT_FALSE(second.whole());
  }
  EXPECT_TRUE(room.Take(kHalf.size()));  // Given back.
}

}  // namespace
}  // namespace strata::isolation
