// Whatever the plan, the answer is the same: random searches of random resources, which are created
// with others, changed and deleted, are answered with and without derived index rows, page by page
// forwards and back, and compared with a plain loop over what was stored.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

using Names = std::vector<std::string>;

// Values of one resource by parameter, in the order that they are sorted in.
struct Item {
  std::string name;
  bool deleted = false;
  Names categories, codes, statuses, dates, families, births, genders;
  bool unsearchable_date = false;
  std::optional<int> grams;
  int patient = 0;
};
using Values = Names Item::*;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937 engine_;
};

constexpr int kPatients = 90;
constexpr int kObservations = 1300;
constexpr int kCodes = 9;
constexpr int kFirstYear = 2000;
constexpr int kYears = 10;

std::string Coded(const Names& codes) {
  std::string json;
  for (const std::string& code : codes) {
    json += std::string(json.empty() ? "" : ",") + R"({"system":"urn:s","code":")" + code +
            R"(","display":"Named )" + code + "\"}";
  }
  return R"({"coding":[)" + json + "]}";
}

// Codes c0.. are mostly of category k0, k1, k2 by threes; some of them only at certain times.
class RandomStore {
 public:
  explicit RandomStore(unsigned seed) : dice_(seed) {
    for (int i = 0; i < kPatients; ++i) AddPatient(i);
    std::vector<std::string> commit;
    for (int i = 0; i < kObservations; ++i) {
      observations.push_back(NewObservation(i));
      commit.push_back(Json(observations.back()));
      if (!dice_.OneIn(6)) continue;
      corpus.PutAll(commit);
      commit.clear();
    }
    corpus.PutAll(commit);
    for (int i = 0; i < kObservations; i += 1 + dice_.Below(12)) Change(i);
  }

  Corpus corpus;
  std::vector<Item> observations;
  std::vector<Item> patients;

 private:
  void AddPatient(int i) {
    Item item;
    item.name = "Patient/p" + std::to_string(i);
    item.families = {"fam" + std::to_string(dice_.Below(3))};
    if (!dice_.OneIn(5)) item.genders = {dice_.OneIn(3) ? "male" : "female"};
    if (!dice_.OneIn(6)) item.births = {std::to_string(1950 + dice_.Below(8)) + "-01-01"};
    corpus.Put(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) +
               R"(","name":[{"family":")" + item.families.front() + "\"}]" +
               (item.genders.empty() ? "" : R"(,"gender":")" + item.genders.front() + "\"") +
               (item.births.empty() ? "" : R"(,"birthDate":")" + item.births.front() + "\"") + "}");
    patients.push_back(item);
  }

  Item NewObservation(int i) {
    Item item;
    item.name = "Observation/o" + std::to_string(i);
    item.patient = dice_.Below(kPatients);
    const int code = dice_.OneIn(3) ? 0 : dice_.Below(kCodes);
    if (!dice_.OneIn(15)) item.codes = {"c" + std::to_string(code)};
    if (dice_.OneIn(20)) item.codes.push_back("c" + std::to_string(dice_.Below(kCodes)));
    const int category = dice_.OneIn(40) ? dice_.Below(3) : code / 3;
    if (!dice_.OneIn(12)) item.categories = {"k" + std::to_string(category)};
    if (i % 400 == 7) AddMany(&item);
    item.statuses = {dice_.OneIn(90) ? "amended" : "final"};
    // The last code is found in the last years only.
    const int year = code == kCodes - 1 ? kYears - 2 + dice_.Below(2) : dice_.Below(kYears);
    item.unsearchable_date = dice_.OneIn(30);
    if (!dice_.OneIn(10) && !item.unsearchable_date) {
      item.dates = {std::to_string(kFirstYear + year) + "-0" + std::to_string(1 + dice_.Below(9)) +
                    "-0" + std::to_string(1 + dice_.Below(9)) +
                    (dice_.OneIn(2) ? "" : "T1" + std::to_string(dice_.Below(9)) + ":00:00Z")};
    }
    // High values are of the last codes mostly.
    if (!dice_.OneIn(4)) item.grams = dice_.Below(10) + (dice_.OneIn(30) ? 40 : code * 4);
    for (Names* values : {&item.codes, &item.categories}) {
      std::sort(values->begin(), values->end());
      values->erase(std::unique(values->begin(), values->end()), values->end());
    }
    return item;
  }

  // More pairs than are kept one by one.
  static void AddMany(Item* item) {
    for (int i = 0; i < 20; ++i) {
      item->categories.push_back("k" + std::to_string(10 + i));
      item->codes.push_back("c" + std::to_string(10 + i));
    }
    item->categories.push_back("k1");
    item->codes.push_back("c1");
  }

  void Change(int i) {
    Item& item = observations[static_cast<std::size_t>(i)];
    if (dice_.OneIn(3)) {
      corpus.Delete("Observation", item.name.substr(item.name.find('/') + 1));
      item.deleted = true;
      return;
    }
    item = NewObservation(i);
    corpus.Put(Json(item));
  }

  static std::string Json(const Item& item) {
    std::string json = R"({"resourceType":"Observation","id":")" +
                       item.name.substr(item.name.find('/') + 1) + R"(","status":")" +
                       item.statuses.front() + R"(","subject":{"reference":"Patient/p)" +
                       std::to_string(item.patient) + "\"}";
    if (!item.codes.empty()) json += ",\"code\":" + Coded(item.codes);
    if (!item.categories.empty()) json += ",\"category\":[" + Coded(item.categories) + "]";
    if (item.unsearchable_date) json += R"(,"effectiveDateTime":"unknown")";
    if (!item.dates.empty()) json += R"(,"effectiveDateTime":")" + item.dates.front() + "\"";
    if (item.grams) {
      json += R"(,"valueQuantity":{"system":"http://unitsofmeasure.org","code":"g","value":)" +
              std::to_string(*item.grams) + "}";
    }
    return json + "}";
  }

  Dice dice_;
};

// A search and what it means.
struct Question {
  std::string query;
  std::vector<std::function<bool(const Item&)>> conditions;
  std::vector<std::pair<Values, bool>> sort;  // and whether it is descending

  bool Holds(const Item& item) const {
    return !item.deleted && std::all_of(conditions.begin(), conditions.end(),
                                        [&](const auto& holds) { return holds(item); });
  }
  bool ComesBefore(const Item& a, const Item& b) const {
    for (const auto& [values, descending] : sort) {
      const Names& x = a.*values;
      const Names& y = b.*values;
      if (x.empty() || y.empty()) {
        if (x.empty() != y.empty()) return y.empty();
        continue;
      }
      const std::string& left = descending ? x.back() : x.front();
      const std::string& right = descending ? y.back() : y.front();
      if (left != right) return descending ? left > right : left < right;
    }
    return false;
  }
  Names Answer(const std::vector<Item>& items) const {
    std::vector<Item> found;
    std::copy_if(items.begin(), items.end(), std::back_inserter(found),
                 [this](const Item& item) { return Holds(item); });
    std::stable_sort(found.begin(), found.end(),
                     [this](const Item& a, const Item& b) { return ComesBefore(a, b); });
    Names names;
    for (const Item& item : found) names.push_back(item.name);
    return names;
  }
};

class QuestionMaker {
 public:
  explicit QuestionMaker(unsigned seed) : dice_(seed) {}

  Question OfObservations() {
    question_ = {"Observation?_count=" + std::to_string(1 + dice_.Below(12)), {}, {}};
    if (!dice_.OneIn(3)) AddToken("category", "k", 3, &Item::categories);
    if (!dice_.OneIn(3)) AddToken("code", "c", kCodes, &Item::codes);
    if (dice_.OneIn(5)) AddText();
    if (dice_.OneIn(4)) AddStatus();
    if (dice_.OneIn(3)) AddDates();
    if (dice_.OneIn(3)) AddGrams();
    AddSort({{"code", &Item::codes},
             {"category", &Item::categories},
             {"date", &Item::dates},
             {"status", &Item::statuses}});
    return question_;
  }

  Question OfPatients(const std::vector<Item>& observations) {
    question_ = {"Patient?_count=" + std::to_string(1 + dice_.Below(8)), {}, {}};
    if (dice_.OneIn(2)) {
      const bool missing = dice_.OneIn(2);
      Add(missing ? "gender:missing=true" : "gender:not=male", [missing](const Item& item) {
        return missing ? item.genders.empty() : item.genders != Names{"male"};
      });
    }
    if (dice_.OneIn(2)) {
      const std::string family = "fam" + std::to_string(dice_.Below(4));
      Add("family=" + family, [family](const Item& item) { return item.families[0] == family; });
    }
    if (!dice_.OneIn(3)) {
      const std::string code = "c" + std::to_string(dice_.Below(kCodes));
      std::vector<bool> has(kPatients, false);
      for (const Item& item : observations) {
        const bool is_so = !item.deleted && std::count(item.codes.begin(), item.codes.end(), code);
        if (is_so) has[static_cast<std::size_t>(item.patient)] = true;
      }
      Add("_has:Observation:patient:code=" + code, [has](const Item& item) {
        return has[static_cast<std::size_t>(std::stoi(item.name.substr(9)))];
      });
    }
    AddSort(
        {{"family", &Item::families}, {"birthdate", &Item::births}, {"gender", &Item::genders}});
    return question_;
  }

 private:
  void Add(const std::string& condition, std::function<bool(const Item&)> holds) {
    question_.query += "&" + condition;
    question_.conditions.push_back(std::move(holds));
  }

  void AddToken(const std::string& name, const std::string& prefix, int count, Values values) {
    if (dice_.OneIn(8)) {
      const bool missing = dice_.OneIn(2);
      return Add(name + ":missing=" + (missing ? "true" : "false"),
                 [=](const Item& item) { return (item.*values).empty() == missing; });
    }
    Names wanted;
    std::string list;
    const std::string system = dice_.OneIn(2) ? "urn:s|" : "";
    for (int i = dice_.Below(3); i >= 0; --i) {
      wanted.push_back(prefix + std::to_string(dice_.Below(count)));
      list += (list.empty() ? "" : ",") + system + wanted.back();
    }
    const bool negated = dice_.OneIn(4);
    Add(name + (negated ? ":not=" : "=") + list, [=](const Item& item) {
      const Names& has = item.*values;
      return negated != std::any_of(wanted.begin(), wanted.end(), [&](const std::string& value) {
               return std::count(has.begin(), has.end(), value) != 0;
             });
    });
  }

  // "named c1" is c1, c10 ...
  void AddText() {
    const std::string start = "c" + (dice_.OneIn(6) ? "" : std::to_string(dice_.Below(kCodes + 2)));
    Add("code:text=NAMED " + start, [start](const Item& item) {
      return std::any_of(item.codes.begin(), item.codes.end(),
                         [&](const std::string& code) { return code.starts_with(start); });
    });
  }

  void AddStatus() {
    const bool negated = dice_.OneIn(2);
    Add(negated ? "status:not=final" : "status=final",
        [negated](const Item& item) { return (item.statuses.front() == "final") != negated; });
  }

  void AddDates() {
    if (dice_.OneIn(4)) {
      return Add("date:missing=true",
                 [](const Item& item) { return item.dates.empty() && !item.unsearchable_date; });
    }
    const std::string from = std::to_string(kFirstYear + dice_.Below(kYears));
    const std::string to = std::to_string(std::stoi(from) + 1 + dice_.Below(kYears));
    const auto in = [](const Item& item, const auto& test) {
      return !item.dates.empty() && test(item.dates.front().substr(0, 4));
    };
    if (!dice_.OneIn(3)) {
      Add("date=ge" + from, [=](const Item& item) {
        return in(item, [&](const std::string& year) { return year >= from; });
      });
    }
    Add("date=lt" + to, [=](const Item& item) {
      return in(item, [&](const std::string& year) { return year < to; });
    });
  }

  void AddGrams() {
    const int at = dice_.Below(60);
    const std::string value = dice_.OneIn(2) ? std::to_string(at)
                              : dice_.OneIn(2)
                                  ? std::to_string(at) + "|http://unitsofmeasure.org|g"
                                  : std::to_string(at * 1000) + "|http://unitsofmeasure.org|mg";
    if (dice_.OneIn(2)) {
      return Add("value-quantity=gt" + value,
                 [at](const Item& item) { return item.grams && *item.grams > at; });
    }
    Add("value-quantity=le" + value,
        [at](const Item& item) { return item.grams && *item.grams <= at; });
  }

  void AddSort(std::vector<std::pair<std::string, Values>> keys) {
    std::string list;
    for (int i = dice_.Below(4); i > 0 && !keys.empty(); --i) {
      const auto key = keys.begin() + dice_.Below(static_cast<int>(keys.size()));
      const bool descending = dice_.OneIn(2);
      list += (list.empty() ? "&_sort=" : ",") + std::string(descending ? "-" : "") + key->first;
      question_.sort.emplace_back(key->second, descending);
      keys.erase(key);
    }
    question_.query += list;
  }

  Dice dice_;
  Question question_;
};

// Compares some pages from the beginning, and on the way back, with the whole answer.
void Compare(RandomStore& store, const Question& question, const Names& expected, bool derived) {
  SCOPED_TRACE(question.query + (derived ? " with" : " without") + " derived rows");
  layout::MapView view(store.corpus.store(), store.corpus.Moment());
  view.derived = derived;
  const auto ask = [&](const std::string& position) {
    return Execute(view, RequestOf(question.query), {.now_us = 0, .position = position});
  };
  const auto names = [&](const Page& page) {
    Names found;
    for (const auto n : page.matches) found.push_back(store.corpus.NameOf(n));
    return found;
  };
  const auto slice = [&](std::size_t from, std::size_t to) {
    const auto begin = expected.begin();
    return Names(begin + static_cast<std::ptrdiff_t>(std::min(from, expected.size())),
                 begin + static_cast<std::ptrdiff_t>(std::min(to, expected.size())));
  };
  constexpr int kMostPages = 7;
  std::size_t at = 0;
  std::string position;
  std::vector<std::pair<std::size_t, std::string>> back;
  for (int i = 0; i < kMostPages; ++i) {
    const auto page = ask(position);
    ASSERT_TRUE(page.ok());
    const std::size_t end = at + page->matches.size();
    ASSERT_EQ(names(*page), slice(at, end)) << "from " << at;
    ASSERT_EQ(page->total.value_or(expected.size()), expected.size());
    if (!page->previous.empty()) back.emplace_back(at, page->previous);
    at = end;
    position = page->next;
    if (position.empty()) break;
  }
  ASSERT_TRUE(!position.empty() || at == expected.size());
  for (const auto& [from, previous] : back) {
    const auto page = ask(previous);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(names(*page), slice(from - page->matches.size(), from)) << "back from " << from;
    ASSERT_FALSE(page->matches.empty());
  }
}

TEST(Plans, AnswerWhatAPlainLoopDoes) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    RandomStore store(seed);
    QuestionMaker maker(seed + 100);
    for (int i = 0; i < 250 && !testing::Test::HasFatalFailure(); ++i) {
      const bool of_patients = i % 5 == 4;
      const Question question =
          of_patients ? maker.OfPatients(store.observations) : maker.OfObservations();
      const Names expected = question.Answer(of_patients ? store.patients : store.observations);
      for (const bool derived : {false, true}) Compare(store, question, expected, derived);
    }
  }
}

}  // namespace
}  // namespace strata::fhir::search
