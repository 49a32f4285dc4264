#include "plugins/data_fhir/layout/header.h"

#include <gtest/gtest.h>

namespace strata::fhir::layout {
namespace {

RowHeader Example(std::string id) {
  RowHeader header;
  header.type = 93;
  header.change = Change::kUpdated;
  header.codec = Codec::kZstdDictionary1;
  header.version_id = 300;
  header.last_updated_us = 1'700'000'000'123'000;
  header.commit_version = 70'000;
  header.body_bytes = 1234;
  header.chunks = 2;
  header.kept = "kept";
  header.id = std::move(id);
  return header;
}

TEST(RowHeader, ComesBackWithTheBodyBehindIt) {
  for (const std::string id :
       {"a", "9fa1e332-a3eb-52e2-d79a-62042a485967", "9FA1E332-A3EB-52E2-D79A-62042A485967",
        "9fa1e332aa3eb-52e2-d79a-62042a485967"}) {
    std::string value;
    AppendRowHeader(Example(id), &value);
    const Result<Row> row = ParseRow(value + "body");

    ASSERT_TRUE(row.ok());
    EXPECT_EQ(row->body, "body");
    EXPECT_EQ(row->header.id, id);
    EXPECT_EQ(row->header.type, 93);
    EXPECT_EQ(row->header.change, Change::kUpdated);
    EXPECT_EQ(row->header.codec, Codec::kZstdDictionary1);
    EXPECT_EQ(row->header.version_id, 300u);
    EXPECT_EQ(row->header.last_updated_us, 1'700'000'000'123'000);
    EXPECT_EQ(row->header.commit_version, 70'000u);
    EXPECT_EQ(row->header.body_bytes, 1234u);
    EXPECT_EQ(row->header.chunks, 2u);
    EXPECT_EQ(row->header.kept, "kept");
  }
}

TEST(RowHeader, CanonicalUuidsAreKeptAsSixteenBytes) {
  std::string uuid, other;
  AppendRowHeader(Example("9fa1e332-a3eb-52e2-d79a-62042a485967"), &uuid);
  AppendRowHeader(Example("9FA1E332-A3EB-52E2-D79A-62042A485967"), &other);

  EXPECT_EQ(uuid.size() + 20, other.size());
}

TEST(RowHeader, KeptValuesMayBeEmptyOrUnknown) {
  for (const std::optional<std::string>& kept : {std::optional<std::string>(), {""}}) {
    RowHeader header = Example("a");
    header.kept = kept;
    std::string value;
    AppendRowHeader(header, &value);
    const Result<Row> row = ParseRow(value + "body");
    ASSERT_TRUE(row.ok());
    EXPECT_EQ(row->header.kept, kept);
    EXPECT_EQ(row->body, "body");
  }
}

TEST(RowHeader, TruncatedOrForeignBytesAreDataLoss) {
  std::string value;
  AppendRowHeader(Example("abc"), &value);

  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(ParseRow(value.substr(0, size)).status().code(), Code::kDataLoss) << size;
  }
  value[0] = 1;
  EXPECT_EQ(ParseRow(value).status().code(), Code::kDataLoss);
}

TEST(TimelineValue, ComesBack) {
  const std::string bytes = EncodeTimelineValue({1'700'000'000'123'000, Change::kDeleted});
  const Result<TimelineValue> value = ParseTimelineValue(bytes);

  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->last_updated_us, 1'700'000'000'123'000);
  EXPECT_EQ(value->change, Change::kDeleted);
  EXPECT_EQ(ParseTimelineValue(bytes.substr(1)).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace strata::fhir::layout
