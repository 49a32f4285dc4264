#include "core/trial/message_compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/base/rows.h"
#include "core/trial/json_compare.h"
#include "strata/data/v1/data.pb.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRead[] = "/strata.data.v1.Data/Read";
constexpr char kSearch[] = "/strata.data.v1.Data/Search";
constexpr char kScan[] = "/strata.hosting.v1.Hosting/Scan";
constexpr char kHandle[] = "/strata.service.v1.DigitalService/Handle";

std::vector<std::string> DiffJson(const std::string& a, const std::string& b) {
  const auto left = json::Document::Parse(a);
  const auto right = json::Document::Parse(b);
  std::vector<std::string> out;
  CompareJson(left->root(), right->root(), "", [&](const std::string& p) { out.push_back(p); });
  return out;
}

TEST(JsonCompare, OrderOfMembersMeansNothing) {
  EXPECT_THAT(DiffJson(R"({"a":1,"b":[2,"c"]})", R"({"b":[2,"c"],"a":1})"), IsEmpty());
}

TEST(JsonCompare, NamesThePlacesWithoutIndexes) {
  EXPECT_THAT(DiffJson(R"({"name":[{"family":"Ng"},{"family":"Li"}],"x":true})",
                       R"({"name":[{"family":"Ng"},{"family":"Lee"}],"y":true})"),
              ElementsAre("name[*].family", "x", "y"));
}

TEST(JsonCompare, NumbersAreWhatIsWritten) {
  EXPECT_THAT(DiffJson(R"({"v":1.10})", R"({"v":1.1})"), ElementsAre("v"));
  EXPECT_THAT(DiffJson(R"({"v":"1"})", R"({"v":1})"), ElementsAre("v"));
}

TEST(JsonCompare, ArraysOfOtherLengthsDifferOnce) {
  EXPECT_THAT(DiffJson(R"({"v":[1,2,3]})", R"({"v":[1]})"), ElementsAre("v[*]"));
}

TEST(JsonCompare, NoDataGetsIntoAPath) {
  EXPECT_THAT(DiffJson(R"({"Mrs Eve Ng":1})", R"({})"), ElementsAre("?"));
}

class MessageCompareTest : public ::testing::Test {
 protected:
  static std::vector<std::string> Sets() {
    std::ifstream in(STRATA_PROTOSET);
    std::stringstream bytes;
    bytes << in.rdbuf();
    return {bytes.str()};
  }

  static data::v1::ReadResponse Patient(const std::string& json) {
    data::v1::ReadResponse out;
    out.mutable_resource()->set_type("Patient");
    out.mutable_resource()->set_id("42");
    out.mutable_resource()->set_json(json);
    return out;
  }

  template <typename Message>
  std::set<std::string> Diff(std::string_view method, const Message& a, const Message& b) {
    return compare_.Compare(method, {a.SerializeAsString()}, {b.SerializeAsString()});
  }

  const MessageCompare compare_{Sets()};
};

TEST_F(MessageCompareTest, TheSameIsTheSame) {
  EXPECT_THAT(Diff(kRead, Patient(R"({"a":1,"b":2})"), Patient(R"({"b":2,"a":1})")), IsEmpty());
}

TEST_F(MessageCompareTest, LooksIntoJson) {
  EXPECT_THAT(Diff(kRead, Patient(R"({"name":[{"family":"Ng"}]})"),
                   Patient(R"({"name":[{"family":"Li"}]})")),
              ElementsAre("resource.json.name[*].family"));
}

TEST_F(MessageCompareTest, NamesFieldsThatAreMissing) {
  auto other = Patient("{}");
  other.mutable_resource()->set_version_id("2");
  other.set_not_modified(true);
  EXPECT_THAT(Diff(kRead, Patient("{}"), other),
              ElementsAre("not_modified", "resource.version_id"));
  EXPECT_THAT(Diff(kRead, Patient("{}"), data::v1::ReadResponse()), ElementsAre("resource"));
}

TEST_F(MessageCompareTest, WhatDiffersByNatureDoesNotCount) {
  data::v1::SearchResponse a;
  data::v1::SearchResponse b;
  a.set_next_page_token("t1");
  b.set_next_page_token("t2");
  EXPECT_THAT(Diff(kSearch, a, b), IsEmpty());
  b.set_total(3);
  EXPECT_THAT(Diff(kSearch, a, b), ElementsAre("total"));
}

TEST_F(MessageCompareTest, StreamsMayBeCutAnywhere) {
  data::v1::SearchResponse both;
  both.add_entries()->mutable_resource()->set_id("1");
  both.add_entries()->mutable_resource()->set_id("2");
  data::v1::SearchResponse first;
  *first.add_entries() = both.entries(0);
  data::v1::SearchResponse second;
  *second.add_entries() = both.entries(1);
  EXPECT_THAT(compare_.Compare(kSearch, {both.SerializeAsString()},
                               {first.SerializeAsString(), second.SerializeAsString()}),
              IsEmpty());
  second.mutable_entries(0)->mutable_resource()->set_id("3");
  EXPECT_THAT(compare_.Compare(kSearch, {both.SerializeAsString()},
                               {first.SerializeAsString(), second.SerializeAsString()}),
              ElementsAre("entries[*].resource.id"));
}

TEST_F(MessageCompareTest, UnpacksRows) {
  const auto scan = [](std::string_view value) {
    hosting::v1::ScanResponse out;
    AppendRow(out.mutable_rows(), {"k1", 3, "one"});
    AppendRow(out.mutable_rows(), {"k2", 4, value});
    return out;
  };
  EXPECT_THAT(Diff(kScan, scan("two"), scan("2")), ElementsAre("rows[*].value"));
}

TEST_F(MessageCompareTest, LooksIntoBodiesThatAreJson) {
  const auto answer = [](const std::string& body) {
    service::v1::HandleResponse out;
    out.set_body(body);
    return out;
  };
  EXPECT_THAT(Diff(kHandle, answer(R"({"total":1})"), answer(R"({"total":2})")),
              ElementsAre("body.total"));
  EXPECT_THAT(Diff(kHandle, answer("<p>1</p>"), answer("<p>2</p>")), ElementsAre("body"));
}

TEST_F(MessageCompareTest, WhatIsNoMessageDiffersAsAWhole) {
  EXPECT_THAT(compare_.Compare(kRead, {"\xff\xff"}, {""}), ElementsAre("answer"));
  EXPECT_THAT(compare_.Compare("/other.v1.Other/Read", {"a"}, {"b"}), ElementsAre("answer"));
  EXPECT_THAT(compare_.Compare("/other.v1.Other/Read", {"a"}, {"a"}), IsEmpty());
}

}  // namespace
}  // namespace strata::trial
