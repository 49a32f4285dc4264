// No search collapses: what a page reads does not follow the data that it does not return. Each
// kind of search is asked of a store and of one that is eight times as large.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/data_fhir/model/custom_parameters.h"
#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

constexpr int kObservations = 12;  // of a patient

std::string TwoDigits(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// Patients p0.. with a commit each, seen at times of their own. Codes c0..c11 once each; c0 and c1
// are vital signs, the others laboratory. The values of c5, which is d5 too, are the highest of
// all.
class ScaleStore {
 public:
  explicit ScaleStore(int patients, const model::CustomParameter* own = nullptr)
      : extractor(own == nullptr ? std::vector<const model::CustomParameter*>{}
                                 : std::vector<const model::CustomParameter*>{own},
                  {}),
        corpus(extractor) {
    for (int p = 0; p < patients; ++p) {
      std::vector<std::string> jsons = {Patient(p)};
      for (int i = 0; i < kObservations; ++i) jsons.push_back(Observation(p, i));
      jsons.push_back(Encounter(p));
      corpus.PutAll(jsons);
    }
  }

  Result<Page> Run(const std::string& query, const std::string& position = {}) {
    layout::MapView view(corpus.store(), corpus.Moment());
    view.custom = custom;
    view.with = &extractor;
    view.id_order = id_order;
    auto page = Execute(view, RequestOf(query), {.now_us = 0, .position = position});
    rows_read = view.rows_read;
    return page;
  }
  std::vector<std::string> NamesOf(const Page& page) const {
    std::vector<std::string> names;
    for (const auto n : page.matches) names.push_back(corpus.NameOf(n));
    return names;
  }

  const model::CustomParameters* custom = nullptr;
  bool id_order = true;
  index::Extractor extractor;
  Corpus corpus;
  std::uint64_t rows_read = 0;

 private:
  static std::string Patient(int p) {
    return R"({"resourceType":"Patient","id":"p)" + std::to_string(p) + R"(","gender":")" +
           (p % 2 == 0 ? "male" : "female") + R"(","birthDate":")" +
           std::to_string(1930 + p * 7 % 80) + "-" + TwoDigits(1 + p % 12) + "-" +
           TwoDigits(1 + p % 28) + R"(","name":[{"family":"F)" + std::to_string(p * 31 % 1000) +
           R"("}],"identifier":[{"system":"urn:i","value":"i)" + std::to_string(p) + R"("}]})";
  }
  static std::string At(int p, int i) {
    const int day = p * 37 % 3360;
    return std::to_string(2010 + day / 336) + "-" + TwoDigits(1 + day % 336 / 28) + "-" +
           TwoDigits(1 + day % 28) + "T" + TwoDigits(i) + ":" + TwoDigits(p % 60) + ":" +
           TwoDigits(p / 60 % 60) + "Z";
  }
  // One in ten is of type t5; those of type t1 are no emergencies.
  static std::string Encounter(int p) {
    const std::string type = p % 10 == 0 ? "t5" : "t1";
    return R"({"resourceType":"Encounter","id":"e)" + std::to_string(p) +
           R"(","status":"finished","class":{"code":")" + (p % 20 == 0 ? "EMER" : "AMB") +
           R"("},"type":[{"coding":[{"code":")" + type + R"("}]}],"period":{"start":")" + At(p, 1) +
           R"(","end":")" + At(p, 2) + R"("}})";
  }
  static std::string Observation(int p, int i) {
    const std::string at = At(p, i);
    const std::string value = std::to_string((i == 5 ? 1'000'000 : 0) + p * 13 % 997);
    return R"({"resourceType":"Observation","id":"o)" + std::to_string(p) + "-" +
           std::to_string(i) + R"(","meta":{"lastUpdated":"2020-01-01T)" + TwoDigits(p / 3600) +
           ":" + TwoDigits(p / 60 % 60) + ":" + TwoDigits(p % 60) +
           R"(Z"},"status":"final","category":[{"coding":[{"code":")" +
           (i < 2 ? "vital-signs" : "laboratory") + R"("}]}],"code":{"text":"Kind )" +
           std::to_string(i) + R"(","coding":[{"system":"urn:c","code":"c)" + std::to_string(i) +
           (i == 5 ? R"("},{"system":"urn:c","code":"d5)" : "") +
           R"("}]},"subject":{"reference":"Patient/p)" + std::to_string(p) +
           R"("},"effectiveDateTime":")" + at + R"(","valueQuantity":{"value":)" + value +
           R"(,"unit":"mg"}})";
  }
};

constexpr int kSmall = 250;
constexpr int kLarge = 8 * kSmall;

std::string List(const char* prefix, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i > 0 ? "," : "") + (prefix + std::to_string(i));
  return list;
}

TEST(NoCollapse, RowsDoNotFollowTheData) {
  ScaleStore small(kSmall);
  ScaleStore large(kLarge);
  for (const std::string& query : {
           std::string("Patient?_id=p9"),
           std::string("Patient?identifier=urn:i|i9"),
           std::string("Patient?identifier=") + List("i", 50),
           std::string("Observation?status=final&_count=20"),
           std::string("Observation?category=laboratory&status=final&_count=20"),
           std::string("Observation?category=laboratory&code=c7&_count=20"),
           std::string("Observation?code=") + List("c", 50) + "&_count=20",
           std::string("Observation?patient=p7&code=") + List("c", 50),
           std::string("Observation?patient=p7&code=c3&date=ge2010&_sort=-date&_count=20"),
           std::string("Observation?patient=p7&date=ge2010&date=lt2020&_sort=-date&_count=20"),
           std::string("Observation?date=ge2012&date=lt2018&_count=20"),
           std::string("Observation?category=laboratory&status=final&_sort=-date&_count=20"),
           std::string("Observation?code=c3&_sort=-date&_count=20"),
           std::string("Observation?code=urn:c|c3&_sort=value-quantity&_count=20"),
           std::string("Observation?code=c3&_sort=-value-quantity&_count=20"),
           std::string("Observation?code=c5&_sort=value-quantity,-date&_count=20"),
           std::string("Observation?_sort=value-quantity&_count=20"),
           std::string("Observation?_sort=-date,code&_count=20"),
           std::string("Observation?date=ge2012&date=lt2014&_sort=-date&_count=20"),
           std::string("Observation?date=ge2016&_sort=date&_count=20"),
           std::string("Observation?category=laboratory&date=lt2012&_sort=-date&_count=20"),
           std::string("Observation?code=") + List("c", 50) + "&_sort=-date&_count=20",
           std::string("Patient?birthdate=ge1940&birthdate=lt1960&_sort=-birthdate&_count=20"),
           std::string("Observation?_sort=status,-date&_count=20"),
           std::string("Observation?_sort=status,code,-date&_count=20"),
           std::string("Observation?patient=p7&_sort=code,-date&_count=20"),
           std::string("Patient?_sort=gender,birthdate&_count=20"),
           std::string("Patient?_sort=family,-birthdate&_count=20"),
           std::string("Patient?gender=female&_sort=birthdate&_count=20"),
           std::string("Patient?birthdate=ge1940&birthdate=lt1990&_count=20"),
           std::string("Observation?patient.identifier=i9&_sort=-date&_count=20"),
           std::string("Observation?patient.gender=female&code=c3&_count=20"),
           std::string("Observation?patient.birthdate=ge1950&_sort=-date&_count=20"),
           std::string("Patient?_has:Observation:patient:code=c3&_count=20"),
           std::string("Patient?identifier=i9&_has:Observation:patient:code=c3"),
           std::string("Patient?gender=male&_has:Observation:patient:value-quantity=gt5&_count=20"),
           std::string("Observation?code:not=c3&_count=20"),
           std::string("Patient?_sort=_id&_count=20"),
           std::string("Observation?category=laboratory&_sort=-_id&_count=20"),
           std::string("Observation?_count=20"),
           // Conditions and orders that hardly ever meet, or never.
           std::string("Observation?category=laboratory&code=c0&_count=20"),
           std::string("Observation?category=laboratory&code=c0&_sort=-date&_count=20"),
           std::string("Observation?category=laboratory&_sort=code,-date&_count=20"),
           std::string("Observation?category=vital-signs&_sort=-code,date&_count=20"),
           std::string("Observation?_sort=category,-code,-date&_count=20"),
           std::string("Observation?_sort=-code,date&_count=20"),
           std::string("Observation?category=vital-signs&code=c4,c5,c6&_total=accurate&_count=5"),
           std::string("Observation?code=c3&value-quantity=gt5000&_count=20"),
           std::string("Observation?code=urn:c|c3,urn:c|c4&value-quantity=gt5000&_sort=-date"),
           std::string("Observation?_filter=code eq c3 and value-quantity gt 5000&_count=20"),
           std::string("Observation?code:text=kind 3&_sort=-date&_count=20"),
           std::string("Observation?code:text=kin&_count=20"),
           std::string("Observation?code:text=nothing&_sort=-date&_count=20"),
           std::string("Encounter?type=t5&_sort=-date&_count=20"),
           std::string("Encounter?type=t5&date=ge2012&_sort=date&_count=20"),
           // What leaves nothing, or hardly anything.
           std::string("Observation?status:not=final&_count=20"),
           std::string("Observation?status:not=final&_sort=-date&_count=20"),
           std::string("Observation?category:not=laboratory,vital-signs&_sort=code&_count=20"),
           std::string("Observation?status:not=final&code=c3&_total=accurate&_count=20"),
           std::string("Observation?category:missing=true&_count=20"),
           std::string("Observation?date:missing=true&_sort=code,-_id&_count=20"),
           std::string("Observation?code=c3&date:missing=true&_count=20"),
           std::string("Patient?gender:missing=true&_sort=birthdate&_count=20"),
           std::string("Patient?gender:not=male,female&_sort=-birthdate&_count=20"),
           std::string("Observation?category:missing=false&_sort=-date&_count=20"),
           std::string("Observation?patient.gender:not=male,female&_count=20"),
           std::string("Observation?patient.gender:missing=true&_sort=-date&_count=20"),
           std::string("Observation?patient.gender:not=male&code=c3&_sort=-date&_count=20"),
           // Logic.
           std::string("Observation?_filter=code eq c3 or code eq c4&_sort=-date&_count=20"),
           std::string("Observation?_filter=not (status eq final)&_sort=-date&_count=20"),
           std::string("Observation?_filter=category eq laboratory and code eq c0&_count=20"),
           std::string("Observation?_filter=code eq c3 or status ne final&_count=20"),
           // The time of the last change; the whole page's surroundings.
           std::string("Observation?_lastUpdated=ge2001&_sort=-_lastUpdated&_count=20"),
           std::string("Observation?code=c3&_sort=-_lastUpdated&_count=20"),
           std::string("Observation?code=c3&_include=Observation:patient&_count=20"),
           std::string("Patient?gender=male&_revinclude=Observation:patient&_count=5"),
           std::string("Patient?_has:Observation:patient:date=ge2015&_sort=gender,-birthdate"),
       }) {
    ASSERT_TRUE(small.Run(query).ok()) << query;
    ASSERT_TRUE(large.Run(query).ok()) << query;
    // What a page needs anyhow, before what the searches have in common with it shows.
    constexpr std::uint64_t kOfAPage = 150;
    EXPECT_LE(large.rows_read, std::max(small.rows_read, kOfAPage) * 3 / 2) << query;
  }
}

// Every page is as cheap as the first, the 500th and mostly the last one too.
TEST(NoCollapse, LaterPagesReadNoMore) {
  ScaleStore store(kSmall);
  struct Pages {
    const char* query;
    bool with_last;
  };
  for (const auto& [query, with_last] :
       {Pages{"Observation?status=final&category=laboratory&_count=4", true},
        Pages{"Observation?code=c5&_sort=-value-quantity&_count=4", false},
        Pages{"Observation?_sort=-date,code&_count=4", true},
        Pages{"Observation?_sort=_id&_count=4", true},
        Pages{"Observation?category=laboratory&_sort=code,-date&_count=4", false},
        Pages{"Observation?category=laboratory&_sort=-date&_count=4", true},
        Pages{"Observation?code=c3&_sort=-date&_count=4", true},
        Pages{"Observation?code=c3&_sort=-_lastUpdated&_count=4", true},
        Pages{"Observation?code:not=c3&_count=4", true}}) {
    auto page = store.Run(query);
    const std::uint64_t first = store.rows_read;
    for (int i = 2; i <= 500 && page.ok() && !page->next.empty(); ++i) {
      page = store.Run(query, page->next);
      const bool is_last = page.ok() && page->next.empty();
      // Where one value of the sort key ends and the next begins, the page is two searches.
      if (!is_last || with_last) {
        EXPECT_LE(store.rows_read, 2 * (first + 100)) << query << " page " << i;
      }
    }
    EXPECT_TRUE(page.ok()) << query;
  }
}

// A condition on what is sorted by tells where to begin and to end.
TEST(NoCollapse, AConditionOnTheSortKeyBoundsTheWalk) {
  constexpr int kPeople = 900;
  ScaleStore store(kPeople);
  std::vector<std::pair<std::string, std::string>> expected;
  for (int p = 0; p < kPeople; ++p) {
    const int year = 1930 + p * 7 % 80;
    if (year < 1940 || year >= 1990) continue;
    expected.emplace_back(
        std::to_string(year) + "-" + TwoDigits(1 + p % 12) + "-" + TwoDigits(1 + p % 28),
        "Patient/p" + std::to_string(p));
  }
  // Of one day in the order of creation, both ways.
  const auto up = [](const auto& a, const auto& b) { return a.first < b.first; };
  for (const bool descending : {false, true}) {
    std::stable_sort(expected.begin(), expected.end(), [&](const auto& a, const auto& b) {
      return descending ? up(b, a) : up(a, b);
    });
    const std::string query = "Patient?birthdate=ge1940&birthdate=lt1990&_count=50&_sort=" +
                              std::string(descending ? "-" : "") + "birthdate";
    std::vector<std::string> all;
    std::string position;
    std::string back;
    do {
      const auto page = store.Run(query, position);
      ASSERT_TRUE(page.ok());
      for (const std::string& name : store.NamesOf(*page)) all.push_back(name);
      position = page->next;
      back = page->previous;
    } while (!position.empty());
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], expected[i].second) << query;
    const auto before = store.Run(query, back);
    ASSERT_TRUE(before.ok());
    const std::size_t last_page = (all.size() - 1) / 50 * 50;
    EXPECT_EQ(store.NamesOf(*before),
              std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(last_page) - 50,
                                       all.begin() + static_cast<std::ptrdiff_t>(last_page)));
    std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
      return std::stoi(a.second.substr(9)) < std::stoi(b.second.substr(9));
    });
  }
}

// Along a composite the answer is that of any other way, once where two of its values are wanted.
TEST(NoCollapse, ACompositeGivesTheSameOrder) {
  ScaleStore store(40);
  for (const char* sort : {"code=c5&_sort=value-quantity", "code=c5&_sort=-value-quantity",
                           "code=c5,d5&_sort=value-quantity", "code=c5,d5&_sort=-value-quantity",
                           "code=c5,d5&_sort=value-quantity,-date"}) {
    std::vector<std::string> all;
    std::string position;
    do {
      const auto page = store.Run("Observation?_count=10&" + std::string(sort), position);
      ASSERT_TRUE(page.ok());
      for (const std::string& name : store.NamesOf(*page)) all.push_back(name);
      position = page->next;
    } while (!position.empty());
    std::vector<std::pair<int, std::string>> expected;
    for (int p = 0; p < 40; ++p) {
      const int value = p * 13 % 997;
      const bool downwards = std::string_view(sort).find("=-") != std::string_view::npos;
      expected.emplace_back(downwards ? -value : value, "Observation/o" + std::to_string(p) + "-5");
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], expected[i].second) << sort;
  }
}

// A date that cannot be read is no date to search for, but it is there. Its row has no value, and
// stands among the others' rows.
TEST(NoCollapse, WhatCannotBeSearchedForIsNotMissing) {
  Corpus corpus;
  for (int i = 0; i < 300; ++i) {
    const std::string born = i % 3 == 0   ? R"(,"birthDate":"1980-05-17")"
                             : i % 3 == 1 ? R"(,"birthDate":"unknown")"
                                          : "";
    corpus.Put(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) +
               R"(","gender":"female")" + born + "}");
  }
  layout::MapView view(corpus.store(), corpus.Moment());
  for (const auto& [query, expected] : std::vector<std::pair<std::string, std::size_t>>{
           {"birthdate:missing=false", 200},
           {"birthdate:missing=true", 100},
           {"gender=female&birthdate:missing=false", 200},
           {"gender=female&birthdate:missing=true", 100},
           {"birthdate=1980-05-17", 100}}) {
    for (const char* sort : {"", "&_sort=gender", "&_sort=-_id"}) {
      const auto page = Execute(view, RequestOf("Patient?_count=1000&" + query + sort), {});
      ASSERT_TRUE(page.ok()) << query;
      EXPECT_EQ(page->matches.size(), expected) << query << sort;
      // A page is sought along the rows, not by reading them all.
      const auto few = Execute(view, RequestOf("Patient?_count=5&" + query + sort), {});
      EXPECT_EQ(few->matches.size(), 5U) << query << sort;
      EXPECT_TRUE(std::equal(few->matches.begin(), few->matches.end(), page->matches.begin()))
          << query << sort;
    }
  }
}

// In the order of ids, both ways, with and without an index for it.
TEST(NoCollapse, IdsHaveAnOrder) {
  ScaleStore store(40);
  const std::string deleted = "3";
  store.corpus.Delete("Patient", "p" + deleted);
  std::vector<std::string> expected;
  for (int p = 0; p < 40; ++p) {
    if (std::to_string(p) != deleted) expected.push_back("Patient/p" + std::to_string(p));
  }
  std::sort(expected.begin(), expected.end());
  for (const bool id_order : {true, false}) {
    store.id_order = id_order;
    std::vector<std::string> all;
    std::string position;
    std::string back;
    do {
      const auto page = store.Run("Patient?_sort=_id&_count=7", position);
      ASSERT_TRUE(page.ok());
      for (const std::string& name : store.NamesOf(*page)) all.push_back(name);
      position = page->next;
      back = page->previous;
    } while (!position.empty());
    EXPECT_EQ(all, expected);
    const auto before = store.Run("Patient?_sort=_id&_count=7", back);
    ASSERT_TRUE(before.ok());
    EXPECT_EQ(store.NamesOf(*before),
              std::vector<std::string>(expected.begin() + 28, expected.begin() + 35));
    const auto down = store.Run("Patient?gender=male&_sort=-_id&_count=3");
    EXPECT_EQ(store.NamesOf(*down),
              (std::vector<std::string>{"Patient/p8", "Patient/p6", "Patient/p4"}));
  }
}

// c0 and c1 are never of the laboratory. To find that out takes reading one of the two; a
// composite that the store defines knows which codes a category has.
TEST(NoCollapse, AnOwnCompositeOrdersWhatHardlyMeets) {
  model::CustomParameter own;
  own.id = own.code = own.url = "category-code";
  own.bases = own.expression = "Observation";
  own.components = {{"Observation-category", "category"}, {"clinical-code", "code"}};
  own.active = true;
  own.Bind(model::SearchType::kComposite, 40'000);
  model::CustomParameters custom;
  auto copy = std::make_unique<model::CustomParameter>();
  copy->id = copy->code = copy->url = own.code;
  copy->bases = copy->expression = own.bases;
  copy->components = own.components;
  copy->active = true;
  copy->Bind(model::SearchType::kComposite, 40'000);
  custom.Add(std::move(copy));

  ScaleStore small(kSmall, &own);
  ScaleStore large(kLarge, &own);
  const char* query = "Observation?category=laboratory&_sort=code,-date&_count=3";
  const auto plain = large.Run(query);
  ASSERT_TRUE(plain.ok());
  small.custom = large.custom = &custom;
  ASSERT_TRUE(small.Run(query).ok());
  const auto page = large.Run(query);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(large.NamesOf(*page), large.NamesOf(*plain));
  EXPECT_LE(large.rows_read, std::max<std::uint64_t>(small.rows_read, 150) * 3 / 2);
}

// A page of a search that began before the composite was complete cannot go along it.
TEST(NoCollapse, AnOwnCompositeIsNotUsedBeforeItsTime) {
  ScaleStore store(kSmall);  // Has no rows of it.
  auto own = std::make_unique<model::CustomParameter>();
  own->id = own->code = own->url = "category-date";
  own->bases = own->expression = "Observation";
  own->components = {{"Observation-category", "category"}, {"clinical-date", "effective"}};
  own->active = true;
  own->Bind(model::SearchType::kComposite, 40'000);
  model::CustomParameters custom(store.corpus.Moment() + 1);
  custom.Add(std::move(own));
  store.custom = &custom;
  const auto page = store.Run("Observation?category=laboratory&_sort=-date&_count=9");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->matches.size(), 9U);
}

TEST(NoCollapse, ATotalThatIsWantedIsTold) {
  ScaleStore store(kLarge);
  for (const char* codes : {"c3", "c3,c4"}) {
    const auto page = store.Run("Observation?_total=accurate&_count=5&code=" + std::string(codes));
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->total, std::string_view(codes) == "c3" ? kLarge : 2 * kLarge) << codes;
  }
}

}  // namespace
}  // namespace strata::fhir::search
