// The record over a store that breaks off in the middle, as one in a process of its own does when
// that ends: whoever names his change, or only reads, notices nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "strata/data/v1/data.strata.h"
#include "tests/support/fake_host.h"
#include "tests/support/faulty_hosting.h"

extern "C" {
const strata_plugin* strata_plugin_hosting_memory(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_data_fhir(std::uint32_t host_abi_minor);
}

namespace strata::contract {
namespace {

namespace data = ::strata::data::v1;
using testing::TheFaults;

constexpr char kBasic[] = R"({"resourceType":"Basic","id":"a","code":{"text":"%"}})";
constexpr char kBundle[] =
    R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic",)"
    R"("code":{"text":"t"}},"request":{"method":"POST","url":"Basic"}}]})";

class BrokenStore : public ::testing::Test {
 protected:
  BrokenStore() {
    TheFaults().Clear();
    Add("memory", strata_plugin_hosting_memory(0), {});
    Add("store", strata_plugin_faulty_hosting(0), {{"store", "memory"}});
    Add("records", strata_plugin_data_fhir(0), {{"store", "store"}});
    client_ = std::make_unique<data::DataClient>(host_.Client(), "records");
    EXPECT_TRUE(Update("1", "").ok());  // Numbers are allotted, the type is known.
  }
  ~BrokenStore() override { TheFaults().Clear(); }

  Result<data::WriteResponse> Update(const std::string& text, const std::string& request_id,
                                     const std::string& if_match = "") {
    data::UpdateRequest request;
    request.set_if_match_version_id(if_match);
    request.set_type("Basic");
    request.set_id("a");
    std::string json = kBasic;
    request.set_json(json.replace(json.find('%'), 1, text));
    request.set_request_id(request_id);
    data::WriteResponse response;
    STRATA_RETURN_IF_ERROR(client_->Update(request_.context(), request, &response));
    return response;
  }

  Status Transaction(const std::string& request_id) {
    bool sent = false;
    const auto next = [&](data::TransactionRequest* part) {
      part->Clear();
      part->set_bundle(kBundle);
      part->set_request_id(request_id);
      return !std::exchange(sent, true);
    };
    const auto ignore = [](data::TransactionResponse&) { return true; };
    return client_->Transaction(request_.context(), next, ignore);
  }

  Result<int> CountOf(const std::string& type) {
    data::SearchRequest request;
    request.set_type(type);
    int out = 0;
    STRATA_RETURN_IF_ERROR(
        client_->Search(request_.context(), request, [&](data::SearchResponse& part) {
          out += part.entries_size();
          return true;
        }));
    return out;
  }

 private:
  void Add(const std::string& slot, const strata_plugin* plugin,
           const std::map<std::string, std::string>& bindings) {
    const Status added = host_.Add(slot, plugin, "{}", bindings);
    EXPECT_TRUE(added.ok()) << added.message();
  }

  testing::FakeHost host_;
  testing::FakeRequest request_;
  std::unique_ptr<data::DataClient> client_;
};

TEST_F(BrokenStore, AnUpdateThatWasCarriedOutIsNotDoneTwice) {
  TheFaults().untold = 1;

  const auto written = Update("2", "update-2");

  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_EQ(written->resource().version_id(), "2");
  EXPECT_EQ(TheFaults().untold, 0);
}

// What is read back may not be where the store promises to keep it.
TEST_F(BrokenStore, AnUpdateIsNotAcknowledgedBeforeTheStoreCommitsAgain) {
  TheFaults().untold = 1;
  TheFaults().writes_left = 1;
  EXPECT_EQ(Update("2", "update-2").status().code(), Code::kUnavailable);
  EXPECT_EQ(Update("2", "update-2").status().code(), Code::kUnavailable);
  TheFaults().Clear();

  const auto written = Update("2", "update-2");

  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_EQ(written->resource().version_id(), "2");
}

// As of a client that did not wait for the first answer.
TEST_F(BrokenStore, AnUpdateThatIsSentTwiceAtTheSameTimeIsDoneOnce) {
  int gets = 1;
  for (;; ++gets) {
    const std::string text = "turn " + std::to_string(gets);
    const std::string before = std::to_string(gets);
    Result<data::WriteResponse> other = Unavailable("was not sent");
    TheFaults().meanwhile = [&] { other = Update(text, "update-" + text, before); };
    TheFaults().gets_until_meanwhile = gets;

    const auto written = Update(text, "update-" + text, before);

    TheFaults().gets_until_meanwhile = 0;
    if (!other.ok()) break;  // It does not read as often as that.
    ASSERT_TRUE(written.ok()) << "before read " << gets << ": " << written.status().message();
    EXPECT_EQ(written->SerializeAsString(), other->SerializeAsString());
    EXPECT_EQ(written->resource().version_id(), std::to_string(gets + 1));
  }
  EXPECT_GT(gets, 2);
}

TEST_F(BrokenStore, WithoutARequestIdTheCallerHasToLook) {
  TheFaults().untold = 1;

  const Status written = Update("2", "").status();

  EXPECT_EQ(written.code(), Code::kUnavailable);
  EXPECT_EQ(Update("3", "")->resource().version_id(), "3");
}

TEST_F(BrokenStore, AStoreThatStaysAwayIsNotAskedForEver) {
  TheFaults().writes = true;

  EXPECT_EQ(Update("2", "update-2").status().code(), Code::kUnavailable);
}

TEST_F(BrokenStore, ATransactionIsDoneOnce) {
  TheFaults().untold = 1;

  const Status done = Transaction("transaction-1");

  ASSERT_TRUE(done.ok()) << done.message();
  EXPECT_EQ(CountOf("Basic").status().message(), "");
  EXPECT_EQ(*CountOf("Basic"), 2);
}

TEST_F(BrokenStore, ASearchBeginsAgain) {
  TheFaults().cut_scans = 1;

  const auto count = CountOf("Basic");

  ASSERT_TRUE(count.ok()) << count.status().message();
  EXPECT_EQ(*count, 1);
  EXPECT_EQ(TheFaults().cut_scans, 0);
}

}  // namespace
}  // namespace strata::contract
