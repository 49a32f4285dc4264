#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/contract/data_fixture.h"

// Resources that came together lie together in the store, and a search reads on from one to the
// next instead of seeking each: what it answers must not depend on that.
namespace strata::contract {
namespace {

using ::testing::ElementsAreArray;

constexpr int kTogether = 60;

std::string Reading(int day, std::string_view subject, std::string_view id = {}) {
  const std::string_view month = day < 28 ? "01-" : day < 56 ? "02-" : "03-";
  std::string json = R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)";
  if (!id.empty()) json.append(R"("id":")").append(id).append(R"(",)");
  json.append(R"("subject":{"reference":")").append(subject);
  json.append(R"("},"effectiveDateTime":"2020-)").append(month);
  json.append(std::to_string(10 + day % 28 / 2));
  return json.append(day % 2 == 0 ? "T08:00:00Z" : "T20:00:00Z").append(R"("})");
}

class DataCloseRows : public DataContract {
 protected:
  // Readings of a patient, some of another one's between them; answers their ids, oldest first.
  std::vector<std::string> Fill() {
    std::vector<std::string> ids;
    for (int day = 0; day < kTogether; ++day) {
      const auto mine = Create("Observation", Reading(day, "Patient/a"));
      EXPECT_TRUE(mine.ok());
      ids.push_back(mine->resource().id());
      if (day % 2 == 1) continue;
      EXPECT_TRUE(Create("Observation", Reading(day, "Patient/b")).ok());
    }
    return ids;
  }

  std::vector<std::string> Newest(const std::string& count, std::string* next = nullptr) {
    data::SearchRequest request;
    request.set_type("Observation");
    const std::vector<std::pair<std::string, std::string>> parameters = {
        {"patient", "a"}, {"_sort", "-date"}, {"_count", count}};
    for (const auto& [name, value] : parameters) {
      auto* parameter = request.add_parameters();
      parameter->set_name(name);
      parameter->set_value(value);
    }
    if (next != nullptr) request.set_page_token(*next);
    std::vector<std::string> ids;
    const Status status = client().Search(cx(), request, [&](data::SearchResponse& message) {
      for (const auto& entry : message.entries()) ids.push_back(entry.resource().id());
      if (next != nullptr) *next = message.next_page_token();
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return ids;
  }
};

TEST_P(DataCloseRows, AreSortedWithoutWhatIsGone) {
  std::vector<std::string> ids = Fill();
  ASSERT_TRUE(Delete("Observation", ids[7]).ok());
  ASSERT_TRUE(Update("Observation", ids[9], Reading(30, "Patient/b", ids[9])).ok());
  ids.erase(ids.begin() + 9);
  ids.erase(ids.begin() + 7);

  EXPECT_THAT(Newest("100"), ElementsAreArray(ids.rbegin(), ids.rend()));
  EXPECT_THAT(Newest("10"), ElementsAreArray(ids.rbegin(), ids.rbegin() + 10));
}

TEST_P(DataCloseRows, ArePagedAsTheyWereAtTheFirstPage) {
  const std::vector<std::string> ids = Fill();
  std::string next;
  std::vector<std::string> found = Newest("20", &next);
  ASSERT_TRUE(Delete("Observation", ids[30]).ok());
  ASSERT_TRUE(Update("Observation", ids[20], Reading(59, "Patient/b", ids[20])).ok());

  while (!next.empty()) {
    for (const std::string& id : Newest("20", &next)) found.push_back(id);
  }
  EXPECT_THAT(found, ElementsAreArray(ids.rbegin(), ids.rend()));
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataCloseRows, ::testing::ValuesIn(Stacks()),
                         [](const auto& stack) { return stack.param.name; });

}  // namespace
}  // namespace strata::contract
