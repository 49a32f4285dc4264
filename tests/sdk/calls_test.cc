// The four kinds of RPC between plugins, through the generated service and client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "sdktest/v1/store.strata.h"
#include "tests/sdk/plugins.h"
#include "tests/support/fake_host.h"

namespace strata {
namespace {

using sdktest::v1::GetRequest;
using sdktest::v1::PutResponse;
using sdktest::v1::Record;
using sdktest::v1::ScanRequest;
using sdktest::v1::StoreClient;
using ::testing::ElementsAre;
using testing::FakeHost;
using testing::FakeRequest;

Record MakeRecord(const std::string& id, std::string body = "body") {
  Record record;
  record.set_id(id);
  record.set_body(std::move(body));
  return record;
}

GetRequest MakeGet(const std::string& id) {
  GetRequest request;
  request.set_id(id);
  return request;
}

class CallsTest : public ::testing::Test {
 protected:
  CallsTest() {
    EXPECT_TRUE(host_.Add("mem", strata_plugin_sdktest_mem_store(0)).ok());
    store_ = std::make_unique<StoreClient>(host_.Client(), "mem");
  }

  Status PutAll(const std::vector<Record>& records, PutResponse* response) {
    auto next = records.begin();
    const auto source = [&](Record* out) {
      if (next == records.end()) return false;
      *out = *next++;
      return true;
    };
    return store_->Put(request_.context(), source, response);
  }

  FakeHost host_;
  FakeRequest request_;
  std::unique_ptr<StoreClient> store_;
};

TEST_F(CallsTest, UnaryGivesTheResponseOrTheStatus) {
  PutResponse put;
  ASSERT_TRUE(PutAll({MakeRecord("a", "x")}, &put).ok());

  Record record;
  const Status found = store_->Get(request_.context(), MakeGet("a"), &record);
  const Status missing = store_->Get(request_.context(), MakeGet("b"), &record);

  EXPECT_TRUE(found.ok());
  EXPECT_EQ(record.body(), "x");
  EXPECT_EQ(missing.ToString(), "NOT_FOUND: no record b");
}

TEST_F(CallsTest, AMessageLargerThanTheInlineBufferArrivesWhole) {
  PutResponse put;
  const std::string body(3 << 20, 'b');
  ASSERT_TRUE(PutAll({MakeRecord("big", body)}, &put).ok());

  Record record;
  ASSERT_TRUE(store_->Get(request_.context(), MakeGet("big"), &record).ok());

  EXPECT_EQ(record.body(), body);
}

TEST_F(CallsTest, ServerStreamGivesEachRowUntilTheSinkHasEnough) {
  PutResponse put;
  ASSERT_TRUE(PutAll({MakeRecord("a"), MakeRecord("b"), MakeRecord("c")}, &put).ok());
  ScanRequest scan;
  scan.set_limit(10);

  std::vector<std::string> all;
  std::vector<std::string> first_two;
  const Status full = store_->Scan(request_.context(), scan, [&](const Record& row) {
    all.push_back(row.id());
    return true;
  });
  const Status stopped = store_->Scan(request_.context(), scan, [&](const Record& row) {
    first_two.push_back(row.id());
    return first_two.size() < 2;
  });

  EXPECT_TRUE(full.ok());
  EXPECT_THAT(all, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(stopped.ok()) << stopped.ToString();
  EXPECT_THAT(first_two, ElementsAre("a", "b"));
}

TEST_F(CallsTest, ClientStreamIsPulledToItsEnd) {
  PutResponse put;

  ASSERT_TRUE(PutAll({MakeRecord("a"), MakeRecord("b"), MakeRecord("a")}, &put).ok());

  EXPECT_EQ(put.stored(), 2U);
}

TEST_F(CallsTest, AnEmptyClientStreamIsNotAnEmptyMessage) {
  PutResponse put;
  put.set_stored(7);

  ASSERT_TRUE(PutAll({}, &put).ok());

  EXPECT_EQ(put.stored(), 0U);
}

TEST_F(CallsTest, ABrokenClientStreamStoresNothing) {
  PutResponse put;
  int pulled = 0;
  const auto breaks = [&](Record* out) -> bool {
    if (pulled++ == 1) throw std::runtime_error("the source broke");
    *out = MakeRecord("half");
    return true;
  };

  EXPECT_THROW(static_cast<void>(store_->Put(request_.context(), breaks, &put)),
               std::runtime_error);

  Record record;
  EXPECT_EQ(store_->Get(request_.context(), MakeGet("half"), &record).code(), Code::kNotFound);
}

TEST_F(CallsTest, BidiAnswersEachRequestBeforeTheNextIsPulled) {
  PutResponse put;
  ASSERT_TRUE(PutAll({MakeRecord("a"), MakeRecord("b")}, &put).ok());
  std::vector<std::string> asks = {"a", "b", "a"};
  std::vector<std::string> events;
  std::size_t next = 0;

  const Status status = store_->Converse(
      request_.context(),
      [&](GetRequest* out) {
        if (next == asks.size()) return false;
        out->set_id(asks[next++]);
        events.push_back("ask " + out->id());
        return true;
      },
      [&](const Record& row) {
        events.push_back("got " + row.id());
        return true;
      });

  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(events, ElementsAre("ask a", "got a", "ask b", "got b", "ask a", "got a"));
}

TEST_F(CallsTest, AnExceptionOfTheSinkReachesItsOwnerOnly) {
  PutResponse put;
  ASSERT_TRUE(PutAll({MakeRecord("a")}, &put).ok());
  ScanRequest scan;
  scan.set_limit(1);

  EXPECT_THROW(static_cast<void>(
                   store_->Scan(request_.context(), scan,
                                [](const Record&) -> bool { throw std::runtime_error("sink"); })),
               std::runtime_error);

  EXPECT_TRUE(host_.Health("mem").ok());
}

TEST_F(CallsTest, AnRpcThatThePluginDoesNotServeIsUnimplementedByName) {
  sdktest::v1::DeleteResponse response;

  const Status status = store_->Delete(request_.context(), {}, &response);

  EXPECT_EQ(status.ToString(),
            "UNIMPLEMENTED: /sdktest.v1.Store/Delete is not implemented by this plugin");
}

TEST_F(CallsTest, UnknownFieldsSurviveTheRoundTrip) {
  Record newer = MakeRecord("a");
  const std::string field_111 = "\xfa\x06\x03new";
  ASSERT_TRUE(newer.ParseFromString(newer.SerializeAsString() + field_111));
  PutResponse put;
  ASSERT_TRUE(PutAll({newer}, &put).ok());

  Record record;
  ASSERT_TRUE(store_->Get(request_.context(), MakeGet("a"), &record).ok());

  EXPECT_THAT(record.SerializeAsString(), ::testing::HasSubstr(field_111));
}

TEST(Calls, TheSmallestPluginAnswers) {
  FakeHost host;
  ASSERT_TRUE(host.Add("small", strata_plugin_sdktest_smallest(0)).ok());
  FakeRequest request;

  Record record;
  ASSERT_TRUE(StoreClient(host.Client()).Get(request.context(), MakeGet("a"), &record).ok());

  EXPECT_EQ(record.id(), "a");
}

TEST(Calls, TheMethodTableIsThatOfTheContract) {
  const strata_descriptor& desc = *strata_plugin_sdktest_mem_store(0)->desc;

  ASSERT_EQ(desc.method_count, 5U);
  EXPECT_EQ(abi::View(desc.methods[0].full_name), "/sdktest.v1.Store/Get");
  EXPECT_EQ(desc.methods[0].flags,
            static_cast<uint32_t>(STRATA_METHOD_IDEMPOTENT | STRATA_METHOD_READ_ONLY));
  EXPECT_EQ(desc.methods[1].kind, STRATA_SERVER_STREAM);
  EXPECT_EQ(desc.methods[2].kind, STRATA_CLIENT_STREAM);
  EXPECT_EQ(desc.methods[2].flags, static_cast<uint32_t>(STRATA_METHOD_IDEMPOTENT));
  EXPECT_EQ(desc.methods[3].kind, STRATA_BIDI);
  EXPECT_EQ(desc.methods[4].flags, 0U);
}

}  // namespace
}  // namespace strata
