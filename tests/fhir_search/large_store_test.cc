// Searches of which the store holds more than one turn reads: pages along the index, joins that are
// asked per resource, and how much is read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

using testing::SizeIs;
using Names = std::vector<std::string>;

struct Row {
  std::string date;  // Empty: none.
  std::string code;
  std::string name;
};

// Patients p0.. with ten observations each, o0.. in transactions of 500 or one by one.
class LargeStore {
 public:
  explicit LargeStore(int patients, bool one_by_one = false) {
    std::vector<std::string> jsons;
    for (int p = 0; p < patients; ++p) {
      jsons.push_back(R"({"resourceType":"Patient","id":"p)" + std::to_string(p) +
                      R"(","gender":")" + (p % 2 == 0 ? "male" : "female") +
                      R"(","identifier":[{"value":"i)" + std::to_string(p) + R"("}]})");
      for (int i = 0; i < 10; ++i) jsons.push_back(Observation(p, p * 10 + i));
      if (jsons.size() >= 500 || p + 1 == patients) Put(&jsons, one_by_one);
    }
  }

  Result<Page> Run(const std::string& query, const std::string& position = {}) {
    layout::MapView view(corpus.store(), corpus.Moment());
    auto page = Execute(view, RequestOf(query), {.now_us = 0, .position = position});
    rows_read = view.rows_read;
    return page;
  }
  Names NamesOf(const Page& page) const {
    Names names;
    for (const auto n : page.matches) names.push_back(corpus.NameOf(n));
    return names;
  }

  // All in the order of a code (descending or not), then of their dates, newest first.
  Names ByCode(bool descending) const {
    std::vector<Row> rows = observations;
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      if (a.code != b.code) return descending ? a.code > b.code : a.code < b.code;
      return a.date > b.date;  // None comes last.
    });
    Names names;
    for (const Row& row : rows) names.push_back(row.name);
    return names;
  }

  // Rows with and without values, in the order of `keys`: of date (descending or not), then code.
  Names Sorted(bool descending) const {
    std::vector<Row> rows = observations;
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      if (a.date != b.date) {
        if (a.date.empty() || b.date.empty()) return b.date.empty();
        return descending ? a.date > b.date : a.date < b.date;
      }
      return a.code < b.code;
    });
    Names names;
    for (const Row& row : rows) names.push_back(row.name);
    return names;
  }

  Corpus corpus;
  std::vector<Row> observations;
  std::uint64_t rows_read = 0;

 private:
  std::string Observation(int patient, int i) {
    Row row;
    if (i % 97 != 0)
      row.date = std::to_string(2000 + i / 5 * 7 % 20) + "-0" + std::to_string(1 + i % 9);
    row.code = std::string(1, static_cast<char>('a' + i % 5));
    row.name = "Observation/o" + std::to_string(i);
    observations.push_back(row);
    return R"({"resourceType":"Observation","id":"o)" + std::to_string(i) +
           R"(","status":"final","subject":{"reference":"Patient/p)" + std::to_string(patient) +
           R"("},"code":{"coding":[{"code":")" + row.code + R"("}]})" +
           (row.date.empty() ? "" : R"(,"effectiveDateTime":")" + row.date + "\"") + "}";
  }
  void Put(std::vector<std::string>* jsons, bool one_by_one) {
    if (one_by_one) {
      for (const std::string& json : *jsons) corpus.Put(json);
    } else {
      corpus.PutAll(*jsons);
    }
    jsons->clear();
  }
};

Names AllPages(LargeStore& store, const std::string& query, std::string* last) {
  Names names;
  std::string position;
  do {
    const auto page = store.Run(query, position);
    EXPECT_TRUE(page.ok());
    if (!page.ok()) return names;
    const Names more = store.NamesOf(*page);
    names.insert(names.end(), more.begin(), more.end());
    position = page->next;
    *last = page->previous;
  } while (!position.empty());
  return names;
}

// Every page from the first to the last and back again.
void ExpectPages(LargeStore& store, const std::string& query, const Names& expected) {
  constexpr std::size_t kCount = 301;
  std::string position;
  ASSERT_EQ(AllPages(store, query + "&_count=301", &position), expected) << query;
  std::size_t end = expected.size() - expected.size() % kCount;
  while (!position.empty()) {
    const auto page = store.Run(query + "&_count=301", position);
    ASSERT_TRUE(page.ok());
    const std::size_t begin = end - kCount;
    EXPECT_EQ(store.NamesOf(*page), Names(expected.begin() + static_cast<std::ptrdiff_t>(begin),
                                          expected.begin() + static_cast<std::ptrdiff_t>(end)))
        << query;
    end = begin;
    position = page->previous;
  }
  EXPECT_EQ(end, 0U) << query;
}

TEST(LargeStore, SortedPagesGoBothWays) {
  for (const bool one_by_one : {false, true}) {
    LargeStore store(200, one_by_one);
    for (const bool descending : {false, true}) {
      const std::string sort = descending ? "-date" : "date";
      ExpectPages(store, "Observation?status=final&_sort=" + sort + ",code",
                  store.Sorted(descending));
      // Keys of which many resources have the same value.
      ExpectPages(store, "Observation?_sort=status," + sort + ",code", store.Sorted(descending));
      ExpectPages(store,
                  descending ? "Observation?_sort=-code,-date" : "Observation?_sort=code,-date",
                  store.ByCode(descending));
    }
  }
}

TEST(LargeStore, WithoutAValueToSortByTheNextKeyCounts) {
  LargeStore store(200, /*one_by_one=*/true);
  ExpectPages(store, "Observation?_sort=value-quantity,-code,-date",
              store.ByCode(/*descending=*/true));
}

TEST(LargeStore, JoinsThatAreAskedPerResourceAnswerTheSame) {
  LargeStore store(500);
  std::string last;
  const Names women = AllPages(store, "Observation?patient.gender=female&_count=1000", &last);
  EXPECT_THAT(women, SizeIs(2'500));
  EXPECT_EQ(women.front(), "Observation/o10");
  const Names having =
      AllPages(store, "Patient?_has:Observation:patient:date=2001-08&_count=100", &last);
  Names expected;
  for (std::size_t i = 0; i < store.observations.size(); ++i) {
    if (store.observations[i].date != "2001-08") continue;
    const std::string name = "Patient/p" + std::to_string(i / 10);
    if (expected.empty() || expected.back() != name) expected.push_back(name);
  }
  EXPECT_EQ(having, expected);
  const auto one = store.Run("Patient?identifier=i7&_has:Observation:patient:code=a");
  EXPECT_EQ(store.NamesOf(*one), Names{"Patient/p7"});
  EXPECT_LT(store.rows_read, 400U);
}

TEST(LargeStore, ConditionsOnOneDateAreOneRange) {
  LargeStore store(400);
  const auto page = store.Run("Observation?date=ge2005-03&date=lt2005-04&_count=1000");
  ASSERT_TRUE(page.ok());
  const auto expected = std::count_if(store.observations.begin(), store.observations.end(),
                                      [](const Row& row) { return row.date == "2005-03"; });
  EXPECT_EQ(static_cast<std::ptrdiff_t>(page->matches.size()), expected);
  EXPECT_LT(store.rows_read, 200U);
}

// What is read for a page does not follow the data: not more than some turns of all clauses.
TEST(LargeStore, WorkFollowsTheAnswer) {
  LargeStore store(1'000);
  for (const auto& [query, most] : std::vector<std::pair<const char*, std::uint64_t>>{
           {"Observation?patient=p7&code=a&date=ge2001&_sort=-date&_count=20", 60},
           {"Observation?status=final&_count=20", 10},
           {"Observation?status=final&_sort=-date&_count=20", 400},
           {"Observation?patient.identifier=i9&_sort=-date", 60},
           {"Observation?code=a,b,c,d&_count=20", 40},
           {"Observation?patient.gender=female&code=b&_count=20", 1'200},
           {"Patient?_has:Observation:patient:code=b&_count=20", 1'200},
           {"Patient?identifier=i9&_has:Observation:patient:code=a", 200},
           {"Observation?patient=p7&_sort=code,-date", 60}}) {
    ASSERT_TRUE(store.Run(query).ok()) << query;
    EXPECT_LE(store.rows_read, most) << query;
  }
}

// Four times the data, and not more to read for a page: a small part of the 12,000 observations.
TEST(LargeStore, WorkDoesNotGrowWithTheData) {
  LargeStore small(300, /*one_by_one=*/true);
  LargeStore large(1'200, /*one_by_one=*/true);
  for (const char* query : {
           "Observation?status=final&_count=20",
           "Observation?_sort=status&_count=20",
           "Observation?_sort=status,-date&_count=20",
           "Observation?_sort=code,-date&_count=20",
           "Observation?_sort=-date,code&_count=20",
           "Observation?status=final&code=b&_sort=-date&_count=20",
           "Observation?_sort=value-quantity,-date&_count=20",
           "Observation?date=ge2005-03&date=lt2005-09&_count=20",
           "Observation?patient=p7&date=ge2001&date=lt2012&_count=20",
           "Observation?patient.identifier=i9&_sort=-date&_count=20",
           "Observation?patient.gender=female&code=b&_count=20",
           "Patient?_has:Observation:patient:code=b&_count=20",
           "Observation?code=a,b,c,d&_count=20",
       }) {
    ASSERT_TRUE(small.Run(query).ok()) << query;
    ASSERT_TRUE(large.Run(query).ok()) << query;
    EXPECT_LE(large.rows_read, std::max<std::uint64_t>(small.rows_read * 5 / 4, 1'300)) << query;
  }
}

TEST(LargeStore, CountsOfOneValueAreExact) {
  LargeStore store(200);
  const auto page = store.Run("Observation?status=final&_total=accurate&_count=5");
  EXPECT_EQ(page->total, 2'000U);
  EXPECT_THAT(page->matches, SizeIs(5));
  EXPECT_EQ(store.Run("Observation?code=a&_summary=count")->total, 400U);
  EXPECT_EQ(store.Run("Observation?_sort=-date&_total=accurate&_count=5")->total, 2'000U);
}

}  // namespace
}  // namespace strata::fhir::search
