// The hosting plugin of the examples against the real contract.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <string>
#include <vector>

#include "core/base/rows.h"
#include "strata/hosting/v1/hosting.strata.h"
#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_example_map_store(uint32_t host_abi_minor);

namespace {

namespace v1 = strata::hosting::v1;
using strata::Code;
using strata::Status;
using ::testing::ElementsAre;

class HostingMinimalTest : public ::testing::Test {
 protected:
  HostingMinimalTest() {
    EXPECT_TRUE(host_.Add("map", strata_plugin_example_map_store(0)).ok());
    store_ = std::make_unique<v1::HostingClient>(host_.Client());
  }

  Status Put(const std::string& key, const std::string& value, bool only_if_absent = false) {
    v1::CommitRequest request;
    v1::Put* put = request.add_mutations()->mutable_put();
    put->set_key(key);
    put->set_value(value);
    if (only_if_absent) request.add_preconditions()->set_key_absent(key);
    v1::CommitResponse response;
    return store_->Commit(request_.context(), request, &response);
  }

  strata::testing::FakeHost host_;
  strata::testing::FakeRequest request_;
  std::unique_ptr<v1::HostingClient> store_;
};

TEST_F(HostingMinimalTest, ReadsWhatWasCommitted) {
  ASSERT_TRUE(Put("a", "1").ok());
  v1::GetRequest request;
  request.add_keys("a");
  request.add_keys("b");

  v1::GetResponse response;
  ASSERT_TRUE(store_->Get(request_.context(), request, &response).ok());

  ASSERT_EQ(response.entries_size(), 2);
  EXPECT_EQ(response.entries(0).value(), "1");
  EXPECT_EQ(response.entries(1).version(), 0U);
}

TEST_F(HostingMinimalTest, ScansInTheOrderOfTheKeys) {
  for (const char* key : {"c", "a", "b", "d"}) ASSERT_TRUE(Put(key, "x").ok());
  v1::ScanRequest request;
  request.set_begin("a");
  request.set_end("d");

  std::vector<std::string> keys;
  const Status status =
      store_->Scan(request_.context(), request, [&](const v1::ScanResponse& chunk) {
        strata::RowReader reader(chunk.rows());
        for (strata::Row row; reader.Next(&row);) keys.emplace_back(row.key);
        return reader.ok();
      });

  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
}

TEST_F(HostingMinimalTest, AnUnmetPreconditionChangesNothing) {
  ASSERT_TRUE(Put("a", "1").ok());

  EXPECT_EQ(Put("a", "2", /*only_if_absent=*/true).code(), Code::kAborted);

  v1::GetRequest request;
  request.add_keys("a");
  v1::GetResponse response;
  ASSERT_TRUE(store_->Get(request_.context(), request, &response).ok());
  EXPECT_EQ(response.entries(0).value(), "1");
}

TEST_F(HostingMinimalTest, WhatItDoesNotHaveIsUnimplemented) {
  v1::OpenSnapshotResponse response;

  EXPECT_EQ(store_->OpenSnapshot(request_.context(), {}, &response).code(), Code::kUnimplemented);
}

}  // namespace
