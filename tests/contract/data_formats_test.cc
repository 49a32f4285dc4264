// Stores that earlier releases began lack index rows of their resources: they are served without,
// and a store of a later release is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/keys.h"
#include "strata/data/v1/data.strata.h"
#include "strata/hosting/v1/hosting.strata.h"
#include "tests/support/fake_host.h"

extern "C" {
const strata_plugin* strata_plugin_hosting_memory(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_data_fhir(std::uint32_t host_abi_minor);
}

namespace strata::contract {
namespace {

namespace data = ::strata::data::v1;
namespace hosting = ::strata::hosting::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Parameters = std::vector<std::pair<std::string, std::string>>;

class AnyFormat : public ::testing::TestWithParam<const char*> {
 protected:
  AnyFormat() {
    EXPECT_TRUE(Add("store", strata_plugin_hosting_memory(0), {}).ok());
    store_ = std::make_unique<hosting::HostingClient>(host_.Client(), "store");
  }

  Status Begin(const std::string& format) {
    hosting::CommitRequest request;
    auto* put = request.add_mutations()->mutable_put();
    put->set_key(fhir::layout::MetaKey("format"));
    put->set_value(format);
    STRATA_RETURN_IF_ERROR(Commit(request));
    STRATA_RETURN_IF_ERROR(Add("records", strata_plugin_data_fhir(0), {{"store", "store"}}));
    records_ = std::make_unique<data::DataClient>(host_.Client(), "records");
    return {};
  }

  void Put(const std::string& id, const std::string& members) {
    data::UpdateRequest request;
    request.set_type("Observation");
    request.set_id(id);
    request.set_json(R"({"resourceType":"Observation","status":"final","id":")" + id + "\"," +
                     members + "}");
    data::WriteResponse response;
    ASSERT_TRUE(records_->Update(request_.context(), request, &response).ok());
  }

  std::vector<std::string> Find(const Parameters& parameters) {
    data::SearchRequest request;
    request.set_type("Observation");
    for (const auto& [name, value] : parameters) {
      auto* parameter = request.add_parameters();
      parameter->set_name(name);
      parameter->set_value(value);
    }
    std::vector<std::string> ids;
    const Status status =
        records_->Search(request_.context(), request, [&](data::SearchResponse& message) {
          for (const auto& entry : message.entries()) ids.push_back(entry.resource().id());
          return true;
        });
    EXPECT_TRUE(status.ok()) << status.message();
    return ids;
  }

 private:
  Status Add(const std::string& slot, const strata_plugin* plugin,
             const std::map<std::string, std::string>& bindings) {
    return host_.Add(slot, plugin, "{}", bindings);
  }
  Status Commit(const hosting::CommitRequest& request) {
    hosting::CommitResponse response;
    return store_->Commit(request_.context(), request, &response);
  }

  testing::FakeHost host_;
  testing::FakeRequest request_;
  std::unique_ptr<hosting::HostingClient> store_;
  std::unique_ptr<data::DataClient> records_;
};

TEST_P(AnyFormat, IsServedWithoutTheRowsThatItLacks) {
  ASSERT_TRUE(Begin(GetParam()).ok());
  Put("b", R"("code":{"coding":[{"code":"x"}]},"effectiveDateTime":"2020-01-01")");
  Put("a", R"("code":{"coding":[{"code":"x"}]},"effectiveDateTime":"2020-01-02")");
  Put("c", R"("category":[{"coding":[{"code":"k"}]}],"code":{"coding":[{"code":"y"}]})");

  EXPECT_THAT(Find({{"code", "x"}, {"_sort", "-date"}, {"_count", "1"}}), ElementsAre("a"));
  EXPECT_THAT(Find({{"_sort", "-code,date"}}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Find({{"date:missing", "true"}}), ElementsAre("c"));
  EXPECT_THAT(Find({{"category:missing", "false"}}), ElementsAre("c"));
  EXPECT_THAT(Find({{"category:not", "k"}, {"_sort", "date"}}), ElementsAre("b", "a"));
  EXPECT_THAT(Find({{"category", "k"}, {"code", "x"}}), IsEmpty());
  EXPECT_THAT(Find({{"_sort", "_id"}}), ElementsAre("a", "b", "c"));
}

// Rows of which the newest format has fewer.
TEST_P(AnyFormat, FindsWhatIsOfTheWholeOrOfAPart) {
  constexpr const char* kHigh = R"("code":{"coding":[{"code":"x"}]},"valueQuantity":{"value":9})";
  constexpr const char* kLow = R"("code":{"coding":[{"code":"x"}]},"valueQuantity":{"value":3})";
  ASSERT_TRUE(Begin(GetParam()).ok());
  Put("whole", kHigh);
  Put("part", std::string(R"("code":{"text":"none"},"component":[{)") + kHigh + "}]");
  Put("low", kLow);
  Put("changed", kHigh);
  Put("changed", kLow);

  EXPECT_THAT(Find({{"combo-code-value-quantity", "x$gt5"}}), ElementsAre("whole", "part"));
  EXPECT_THAT(Find({{"combo-code-value-quantity:missing", "true"}}), IsEmpty());
  EXPECT_THAT(Find({{"_filter", "not (combo-code-value-quantity eq x$gt5)"}}),
              ElementsAre("low", "changed"));
  EXPECT_THAT(Find({{"_filter", "combo-code-value-quantity eq x$gt5 or not (code pr true)"}}),
              ElementsAre("whole", "part"));
}

TEST_P(AnyFormat, FindsATextBesideACode) {
  constexpr const char* kLong =
      "A text that is longer than what an index row of a string can hold of it for sure: ";
  ASSERT_TRUE(Begin(GetParam()).ok());
  Put("a", R"("code":{"text":"Heart rate","coding":[{"code":"x","display":"Pulse"}]})");
  Put("b", R"("code":{"text":")" + std::string(kLong) + R"(one"})");
  Put("c", R"("code":{"text":")" + std::string(kLong) + R"(two"})");
  Put("d", R"("code":{"text":"Heart rate"})");
  Put("d", R"("code":{"text":"Breath"})");

  EXPECT_THAT(Find({{"code:text", "heart"}}), ElementsAre("a"));
  EXPECT_THAT(Find({{"code:text", "PULSE"}}), ElementsAre("a"));
  EXPECT_THAT(Find({{"code:text", std::string(kLong) + "two"}}), ElementsAre("c"));
  EXPECT_THAT(Find({{"code:text", "a text"}, {"_sort", "-_id"}}), ElementsAre("c", "b"));
  EXPECT_THAT(Find({{"code:text", "rate"}}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Formats, AnyFormat, ::testing::Values("2", "3", "4"));

using LaterFormat = AnyFormat;
TEST_P(LaterFormat, IsRefused) {
  const Status status = Begin(GetParam());

  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("formats 2 to 4"));
}

INSTANTIATE_TEST_SUITE_P(Formats, LaterFormat, ::testing::Values("1", "5"));

}  // namespace
}  // namespace strata::contract
