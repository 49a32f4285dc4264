// Index rows of the past: what pages need stays, what nobody can ask for any more goes.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "plugins/data_fhir/service/searcher.h"
#include "plugins/data_fhir/store/sweep.h"
#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

namespace store = fhir::store;

constexpr std::int64_t kHourUs = 3'600'000'000;

class DataSweep : public DataContract {
 protected:
  DataSweep()
      : store_(
            strata::hosting::v1::HostingClient(host().Client(), "store"),
            [this] { return now_us_; },
            [](fhir::layout::View& view, std::string_view type, const store::Parameters& parameters,
               std::size_t limit) {
              return fhir::service::FindMatches(view, type, parameters, limit, 0);
            }),
        sweep_(store_, std::chrono::hours(1)) {}

  static std::string Patient(int i, const std::string& family) {
    return R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","name":[{"family":")" +
           family + R"("}],"gender":"male"})";
  }
  void PutAll(int count, const std::string& family) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(Update("Patient", "p" + std::to_string(i), Patient(i, family)).ok());
    }
  }
  std::size_t IndexRows() {
    std::size_t rows = 0;
    const Status scanned = store_.hosting.Scan(
        cx(), {"X", "Y", false, true, 0},
        [&](std::string_view, std::uint64_t, std::string_view) { return ++rows > 0; });
    EXPECT_TRUE(scanned.ok());
    return rows;
  }
  // Everything that was replaced up to now. The plugin's own sweep may have noted a moment, too.
  void SweepAll() {
    for (int pass = 0; pass < 3; ++pass) {
      Step(sweep_);
      now_us_ += kHourUs;
      while (Step(sweep_)) continue;
    }
  }
  // Whether there is more to do.
  bool Step(store::Sweep& sweep) {
    const auto progress = sweep.Step(cx());
    if (progress.status().code() == Code::kAborted) return true;  // the plugin's own was faster
    EXPECT_TRUE(progress.ok()) << progress.status().ToString();
    return progress.ok() && progress->more;
  }
  Result<data::SearchResponse> Page(const std::string& token = {}) {
    data::SearchRequest request;
    request.set_type("Patient");
    request.set_page_token(token);
    for (const auto& [name, value] : {std::pair("family", "Old"), std::pair("_count", "4")}) {
      request.add_parameters()->set_name(name);
      request.mutable_parameters()->rbegin()->set_value(value);
    }
    data::SearchResponse all;
    const Status status = client().Search(cx(), request, [&](data::SearchResponse& message) {
      all.MergeFrom(message);
      return true;
    });
    if (!status.ok()) return status;
    return all;
  }

  std::int64_t now_us_ = 2'500'000'000'000'000;  // Later than the plugin's clock.
  store::Store store_;
  store::Sweep sweep_;
};

TEST_P(DataSweep, AfterManyUpdatesOnlyTheRowsOfLiveVersionsAreLeft) {
  PutAll(10, "Old");
  const std::size_t live = IndexRows();
  for (const char* family : {"Two", "Three", "Four", "Old", "Six"}) PutAll(10, family);
  EXPECT_GT(IndexRows(), live + 30);
  SweepAll();
  EXPECT_EQ(IndexRows(), live);
  EXPECT_EQ(Search("Patient", {{"family", "Six"}})->entries_size(), 10);
  EXPECT_EQ(Search("Patient", {{"family", "Old"}})->entries_size(), 0);
  EXPECT_GT(*store::SweptRows(store_.hosting, cx()), 30U);
  // What had it before finds its way back.
  PutAll(10, "Old");
  EXPECT_EQ(Search("Patient", {{"family", "Old"}})->entries_size(), 10);
}

TEST_P(DataSweep, DeletedResourcesLeaveNoRows) {
  const std::size_t before = IndexRows();
  PutAll(10, "Old");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Delete("Patient", "p" + std::to_string(i)).ok());
  SweepAll();
  EXPECT_EQ(IndexRows(), before);
  PutAll(10, "Old");
  EXPECT_EQ(Search("Patient", {{"gender", "male"}})->entries_size(), 10);
}

// A transaction's resources share rows: those go when the last one has left.
TEST_P(DataSweep, SharedRowsGoWithTheirLastResource) {
  std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (int i = 0; i < 40; ++i) {
    bundle += (i > 0 ? "," : "") + (R"({"resource":)" + Patient(i, "Old")) +
              R"(,"request":{"method":"PUT","url":"Patient/p)" + std::to_string(i) + "\"}}";
  }
  ASSERT_TRUE(Transaction(bundle + "]}").ok());
  const std::size_t shared = IndexRows();
  PutAll(30, "New");
  SweepAll();
  constexpr std::size_t kOfAName = 3;  // family, name, phonetic
  EXPECT_EQ(IndexRows(), shared + 30 * kOfAName);
  EXPECT_EQ(Search("Patient", {{"family", "Old"}})->entries_size(), 10);
  EXPECT_EQ(Search("Patient", {{"family", "New"}})->entries_size(), 30);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Delete("Patient", "p" + std::to_string(i)).ok());
  SweepAll();
  EXPECT_EQ(IndexRows(), 0U);
}

TEST_P(DataSweep, PagesInFlightStayUntilTheirTimeIsOver) {
  PutAll(10, "Old");
  const auto first = Page();
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->entries_size(), 4);
  Step(sweep_);  // Notes a moment; what follows is younger.
  PutAll(10, "New");
  now_us_ += kHourUs;
  Step(sweep_);
  const auto second = Page(first->next_page_token());
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  ASSERT_EQ(second->entries_size(), 4);
  EXPECT_EQ(second->entries(0).resource().id(), "p4");
  SweepAll();
  const auto third = Page(second->next_page_token());
  EXPECT_EQ(third.status().code(), Code::kNotFound);
  EXPECT_EQ(IssueOf(third.status()), "deleted");
}

TEST_P(DataSweep, TwoNodesAndAnInterruptionDoTheWorkOnce) {
  PutAll(10, "Old");
  const std::size_t live = IndexRows();
  for (int round = 0; round < 20; ++round) PutAll(10, "F" + std::to_string(round));
  store::Sweep other(store_, std::chrono::hours(1));
  Step(sweep_);
  now_us_ += kHourUs;
  for (bool more = true; more;) {
    const bool by_other = Step(other);
    more = Step(sweep_) || by_other;
  }
  store::Sweep third(store_, std::chrono::hours(1));  // After the others are gone.
  while (Step(third)) continue;
  SweepAll();
  EXPECT_EQ(IndexRows(), live);
}

INSTANTIATE_TEST_SUITE_P(All, DataSweep, ::testing::ValuesIn(Stacks()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace strata::contract
