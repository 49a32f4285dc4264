#include "core/trial/write_log.h"

#include <gtest/gtest.h>

#include "core/sdk/strata/abi.h"
#include "strata/data/v1/data.pb.h"
#include "strata/hosting/v1/hosting.pb.h"

namespace strata::trial {
namespace {

using Changes = std::vector<std::string>;

TEST(ChangeReader, NamesVersionsOfResources) {
  ChangeReader reader("/strata.data.v1.Data/Update", {});
  data::v1::WriteResponse response;
  response.mutable_resource()->set_type("Patient");
  response.mutable_resource()->set_id("a");
  response.mutable_resource()->set_version_id("3");
  const std::string bytes = response.SerializeAsString();
  reader.Response(abi::Bytes(bytes));

  EXPECT_EQ(reader.Take(), Changes{ChangeOfResource("Patient", "a", "3")});
}

TEST(ChangeReader, AnUnchangedResourceIsNoChange) {
  ChangeReader reader("/strata.data.v1.Data/Update", {});
  data::v1::WriteResponse response;
  response.set_unchanged(true);
  const std::string bytes = response.SerializeAsString();
  reader.Response(abi::Bytes(bytes));

  EXPECT_TRUE(reader.Take().empty());
}

TEST(ChangeReader, NamesDeletionsAndCommits) {
  data::v1::DeleteRequest request;
  request.set_type("Patient");
  request.set_id("a");
  const std::string asked = request.SerializeAsString();
  ChangeReader deletion("/strata.data.v1.Data/Delete", abi::Bytes(asked));
  data::v1::DeleteResponse deleted;
  deleted.set_deleted(1);
  deleted.set_version_id("4");
  const std::string bytes = deleted.SerializeAsString();
  deletion.Response(abi::Bytes(bytes));
  EXPECT_EQ(deletion.Take(), Changes{"Patient/a/4"});

  ChangeReader commit("/strata.hosting.v1.Hosting/Commit", {});
  hosting::v1::CommitResponse committed;
  committed.set_version(42);
  const std::string version = committed.SerializeAsString();
  commit.Response(abi::Bytes(version));
  EXPECT_EQ(commit.Take(), Changes{"c42"});
}

TEST(WriteLog, NumbersWritesAsTheyEnd) {
  WriteLog log;
  log.Begin();
  log.Begin();
  EXPECT_EQ(log.Settled(), Copy::kUnclear);
  log.End({});
  log.End({"x"});
  EXPECT_EQ(log.Settled(), 2u);

  const auto writes = log.Take();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].number, 2u);
  EXPECT_EQ(writes[0].changes, Changes{"x"});
  EXPECT_TRUE(log.Take().empty());
}

TEST(WriteLog, ForgetsRatherThanGrows) {
  WriteLog log;
  for (std::size_t i = 0; i <= WriteLog::kMost; ++i) {
    log.Begin();
    log.End({"x"});
  }
  EXPECT_TRUE(log.Take().empty());
  EXPECT_EQ(log.Settled(), WriteLog::kMost + 1);
}

}  // namespace
}  // namespace strata::trial
