// A store that an earlier release began (format 2: resources lack some index rows) goes on as it is
// until the operator commits, then it is migrated while it serves (plugins/data_fhir/FORMAT.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strata/migrate.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/keys.h"
#include "strata/data/v1/data.strata.h"
#include "strata/hosting/v1/hosting.strata.h"
#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

using ::testing::ElementsAreArray;
using Names = std::vector<std::string>;

constexpr std::uint32_t kNewest = 4;
constexpr int kPatients = 600;  // more than a piece migrates
constexpr std::chrono::microseconds kOnePiece{1};

class DataMigration : public ::testing::TestWithParam<Stack> {
 protected:
  DataMigration() {
    std::string name =
        (std::filesystem::temp_directory_path() / "strata-migration-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    host_.SetStateDir(folder_.string());
    EXPECT_TRUE(host_.Add("store", GetParam().hosting(0)).ok());
    // All that tells a store of the earlier release from an empty one.
    hosting::v1::CommitRequest begun;
    auto* const put = begun.add_mutations()->mutable_put();
    put->set_key(fhir::layout::MetaKey("format"));
    put->set_value("2");
    hosting::v1::CommitResponse response;
    EXPECT_TRUE(hosting::v1::HostingClient(host_.Client(), "store")
                    .Commit(request_.context(), begun, &response)
                    .ok());
    EXPECT_TRUE(host_.Add("records", GetParam().records(0), "{}", {{"store", "store"}}).ok());
    client_ = std::make_unique<data::DataClient>(host_.Client(), "records");
  }
  ~DataMigration() override { std::filesystem::remove_all(folder_); }

  // Of the test's own: it may be called beside others.
  Status Put(const Context& cx, const std::string& id) {
    data::UpdateRequest request;
    request.set_type("Patient");
    request.set_id(id);
    request.set_json(R"({"resourceType":"Patient","id":")" + id + R"("})");
    data::WriteResponse response;
    return client_->Update(cx, request, &response);
  }
  Status PutValue(const std::string& id, const std::string& value, bool in_component) {
    const std::string measured =
        R"("code":{"coding":[{"code":"x","display":"name"}]},"valueQuantity":{"value":)" + value +
        "}";
    data::UpdateRequest request;
    request.set_type("Observation");
    request.set_id(id);
    request.set_json(
        R"({"resourceType":"Observation","status":"final","id":")" + id + "\"," +
        (in_component ? R"("code":{"text":"t"},"component":[{)" + measured + "}]" : measured) +
        "}");
    data::WriteResponse response;
    return client_->Update(request_.context(), request, &response);
  }
  Status Delete(const Context& cx, const std::string& id) {
    data::DeleteRequest request;
    request.set_type("Patient");
    request.set_id(id);
    data::DeleteResponse response;
    return client_->Delete(cx, request, &response);
  }
  void Fill() {
    for (int i = 0; i < kPatients; ++i) ASSERT_TRUE(Put(request_.context(), Name(i)).ok());
  }
  // Not in the order of numbers.
  static std::string Name(int i) { return "p" + std::to_string(i * 7 % 1000 + 1000); }

  data::SearchRequest ById(int count) const {
    data::SearchRequest request;
    request.set_type("Patient");
    for (const auto& [name, value] :
         {std::pair{"_sort", std::string("_id")}, std::pair{"_count", std::to_string(count)}}) {
      request.add_parameters()->set_name(name);
      request.mutable_parameters()->rbegin()->set_value(value);
    }
    return request;
  }
  // The ids of a page; `token` is that of this one and becomes that of the next.
  Names Page(int count, std::string* token) {
    data::SearchRequest request = ById(count);
    request.set_page_token(*token);
    Names ids;
    const Status status =
        client_->Search(request_.context(), request, [&](data::SearchResponse& message) {
          for (const auto& entry : message.entries()) ids.push_back(entry.resource().id());
          *token = message.next_page_token();
          return true;
        });
    EXPECT_TRUE(status.ok()) << status.message();
    return ids;
  }
  Names All() {
    std::string token;
    return Page(1000, &token);
  }
  std::uint64_t RowsReadForAPage() {
    data::ExplainResponse response;
    EXPECT_TRUE(client_->Explain(request_.context(), ById(10), &response).ok());
    std::uint64_t rows = 0;
    for (const auto& step : response.steps()) rows += step.rows_read();
    return rows;
  }
  std::uint64_t CountOf(const std::string& name, const std::string& value,
                        const std::string& type = "Patient") {
    data::SearchRequest request;
    request.set_type(type);
    request.add_parameters()->set_name(name);
    request.mutable_parameters(0)->set_value(value);
    request.add_parameters()->set_name("_total");
    request.mutable_parameters(1)->set_value("accurate");
    std::uint64_t total = 0;
    const Status status =
        client_->Search(request_.context(), request, [&](data::SearchResponse& message) {
          if (message.has_total()) total = message.total();
          return true;
        });
    EXPECT_TRUE(status.ok()) << status.message();
    return total;
  }
  Names Expected() const {
    Names out;
    for (int i = 0; i < kPatients; ++i) out.push_back(Name(i));
    std::sort(out.begin(), out.end());
    return out;
  }

  const strata_ext_migrate& Migration() {
    return *static_cast<const strata_ext_migrate*>(
        GetParam().records(0)->extension(host_.Instance("records"), STRATA_EXT_MIGRATE));
  }
  strata_code Write(std::uint32_t format) {
    strata_status why{};
    why.struct_size = sizeof why;
    return Migration().write(host_.Instance("records"), format, &why);
  }
  strata_format_state State() {
    return Ask([this](strata_format_state* state, strata_status* why) {
      return Migration().state(host_.Instance("records"), state, why);
    });
  }
  strata_format_state Step() {
    return Ask([this](strata_format_state* state, strata_status* why) {
      return Migration().step(host_.Instance("records"), kOnePiece.count(), state, why);
    });
  }
  template <typename F>
  static strata_format_state Ask(F&& ask) {
    strata_status why{};
    why.struct_size = sizeof why;
    strata_format_state state{};
    state.struct_size = sizeof state;
    EXPECT_EQ(ask(&state, &why), STRATA_OK);
    return state;
  }
  void MigrateAll() {
    ASSERT_EQ(Write(kNewest), STRATA_OK);
    strata_format_state state = State();
    while (state.lowest != state.writes) state = Step();
    EXPECT_EQ(state.done, std::uint64_t{kPatients});
  }

  std::filesystem::path folder_;
  testing::FakeHost host_;
  testing::FakeRequest request_;
  std::unique_ptr<data::DataClient> client_;
};

TEST_P(DataMigration, WhatIsOldStaysOldUntilTheOperatorCommits) {
  Fill();
  ASSERT_TRUE(host_.Restart("records").ok());

  const strata_format_state state = State();

  EXPECT_EQ(state.writes, 2u);
  EXPECT_EQ(state.lowest, 2u);
  EXPECT_THAT(All(), ElementsAreArray(Expected()));
  EXPECT_GE(RowsReadForAPage(), std::uint64_t{kPatients});
}

TEST_P(DataMigration, AMigratedStoreReadsItsPagesInOrder) {
  Fill();

  MigrateAll();

  EXPECT_EQ(State().writes, kNewest);
  EXPECT_THAT(All(), ElementsAreArray(Expected()));
  EXPECT_LT(RowsReadForAPage(), std::uint64_t{kPatients} / 4);
  EXPECT_EQ(CountOf("birthdate:missing", "true"), std::uint64_t{kPatients});
  EXPECT_EQ(CountOf("birthdate:missing", "false"), 0u);
  EXPECT_NE(Write(2), STRATA_OK);
}

// Rows that a store does not need when it begins in the newest format are kept in one that has
// them.
TEST_P(DataMigration, WhatOtherRowsCoverIsFoundAsBefore) {
  const auto high = [this] { return CountOf("combo-code-value-quantity", "x$gt5", "Observation"); };
  ASSERT_TRUE(PutValue("before", "9", /*in_component=*/false).ok());
  ASSERT_TRUE(PutValue("changed", "9", /*in_component=*/true).ok());
  ASSERT_EQ(high(), 2u);
  ASSERT_EQ(Write(kNewest), STRATA_OK);
  ASSERT_TRUE(PutValue("meanwhile", "9", /*in_component=*/true).ok());
  EXPECT_EQ(high(), 3u);
  for (strata_format_state state = State(); state.lowest != state.writes;) state = Step();
  ASSERT_TRUE(PutValue("changed", "1", /*in_component=*/true).ok());
  ASSERT_TRUE(PutValue("after", "9", /*in_component=*/false).ok());
  EXPECT_EQ(high(), 3u);
  ASSERT_TRUE(host_.Restart("records").ok());
  EXPECT_EQ(high(), 3u);
}

TEST_P(DataMigration, AMigrationGoesOnWhereItWas) {
  Fill();
  ASSERT_EQ(Write(kNewest), STRATA_OK);
  const strata_format_state before = Step();
  ASSERT_EQ(before.lowest, 2u);
  ASSERT_GT(before.done, 0u);

  ASSERT_TRUE(host_.Restart("records").ok());

  const strata_format_state after = State();
  EXPECT_EQ(after.writes, kNewest);
  EXPECT_EQ(after.lowest, 2u);
  EXPECT_EQ(after.done, before.done);
  EXPECT_GE(after.total, std::uint64_t{kPatients});
  EXPECT_THAT(All(), ElementsAreArray(Expected()));
  MigrateAll();
  ASSERT_TRUE(host_.Restart("records").ok());
  EXPECT_EQ(State().lowest, kNewest);
  EXPECT_THAT(All(), ElementsAreArray(Expected()));
}

// Pages show the moment of the first one, which had fewer rows.
TEST_P(DataMigration, PagesGoOnOverAMigration) {
  Fill();
  std::string token;
  Names seen = Page(250, &token);

  MigrateAll();

  while (!token.empty()) {
    for (std::string& id : Page(250, &token)) seen.push_back(std::move(id));
  }
  EXPECT_THAT(seen, ElementsAreArray(Expected()));
}

TEST_P(DataMigration, WritersBesideAMigrationLoseNothing) {
  Fill();
  std::atomic<bool> stop{false};
  std::atomic<int> rounds{0};
  Names expected = Expected();
  std::thread writer([&] {
    testing::FakeRequest mine;
    for (int i = 0; !stop; ++i, ++rounds) {
      EXPECT_TRUE(Delete(mine.context(), Name(i % kPatients)).ok());
      EXPECT_TRUE(Put(mine.context(), Name(i % kPatients)).ok());
      EXPECT_TRUE(Put(mine.context(), "new" + std::to_string(i)).ok());
    }
  });

  ASSERT_EQ(Write(kNewest), STRATA_OK);
  for (strata_format_state state = State(); state.lowest != state.writes;) {
    const int until = rounds + 2;
    state = Step();
    while (rounds < until) std::this_thread::yield();
  }
  stop = true;
  writer.join();

  for (int i = 0; i < rounds; ++i) expected.push_back("new" + std::to_string(i));
  std::sort(expected.begin(), expected.end());
  std::string token;
  Names found;
  do {
    for (std::string& id : Page(1000, &token)) found.push_back(std::move(id));
  } while (!token.empty());
  EXPECT_THAT(found, ElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataMigration, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
