#include "plugins/data_fhir/search/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "strata/common/v1/common.pb.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

using data::v1::SearchRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Names = std::vector<std::string>;

// A small store, and questions to it.
class SearchTest : public testing::Test {
 protected:
  Result<Page> Run(const std::string& query, const std::string& position = {},
                   std::uint64_t as_of = 0) {
    layout::MapView view(corpus_.store(), as_of == 0 ? corpus_.Moment() : as_of);
    return Execute(view, RequestOf(query), {.now_us = 0, .position = position});
  }
  Names NamesOf(const Numbers& numbers) const {
    Names names;
    for (const auto n : numbers) names.push_back(corpus_.NameOf(n));
    return names;
  }
  Names Ask(const std::string& query) {
    const Result<Page> page = Run(query);
    return page.ok() ? NamesOf(page->matches) : Names{page.status().message()};
  }
  // The issues of a refused search: "parameter: diagnostics".
  std::string Refusal(const std::string& query) {
    const Result<Page> page = Run(query);
    if (page.ok()) return "answered";
    if (page.status().code() != Code::kInvalidArgument) return page.status().ToString();
    common::v1::ErrorStatus error;
    data::v1::Outcome outcome;
    if (!error.ParseFromString(page.status().details()) || error.details().empty() ||
        !outcome.ParseFromString(error.details(0).value()) || outcome.issues().empty()) {
      return "without an outcome";
    }
    const auto& issue = outcome.issues(0);
    return (issue.expression().empty() ? "" : issue.expression(0)) + ": " + issue.diagnostics();
  }
  void PutPatients(int count) {
    for (int i = 1; i <= count; ++i) {
      const std::string id = std::to_string(i);
      corpus_.Put(R"({"resourceType":"Patient","id":"p)" + id + R"(","gender":")" +
                  (i % 2 == 0 ? "male" : "female") + R"(","birthDate":"19)" +
                  std::to_string(10 + i % 80) + R"(","name":[{"family":"Name)" + id + R"("}]})");
    }
  }
  void PutPatient(const std::string& id, const std::string& members) {
    corpus_.Put(R"({"resourceType":"Patient","id":")" + id + "\"," + members + "}");
  }
  void PutObservation(const std::string& id, const std::string& members) {
    corpus_.Put(R"({"resourceType":"Observation","id":")" + id + "\"," + members + "}");
  }

  Corpus corpus_;
};

TEST_F(SearchTest, TokensWithAndWithoutSystem) {
  PutPatient("1", R"("identifier":[{"system":"s","value":"A1"}])");
  PutPatient("2", R"("identifier":[{"system":"t","value":"A1"}])");
  PutPatient("3", R"("identifier":[{"value":"A1"}])");
  PutPatient("4", R"("identifier":[{"system":"s","value":"A12"}])");

  EXPECT_THAT(Ask("Patient?identifier=A1"), ElementsAre("Patient/1", "Patient/2", "Patient/3"));
  EXPECT_THAT(Ask("Patient?identifier=s|A1"), ElementsAre("Patient/1"));
  EXPECT_THAT(Ask("Patient?identifier=|A1"), ElementsAre("Patient/3"));
  EXPECT_THAT(Ask("Patient?identifier=s|"), ElementsAre("Patient/1", "Patient/4"));
  EXPECT_THAT(Ask("Patient?identifier=a1,A12"), SizeIs(4));
  EXPECT_THAT(Ask("Patient?identifier=none"), IsEmpty());
}

TEST_F(SearchTest, TheImpliedSystemOfACode) {
  PutPatient("1", R"("gender":"male")");

  EXPECT_THAT(Ask("Patient?gender=http://hl7.org/fhir/administrative-gender|male"), SizeIs(1));
  EXPECT_THAT(Ask("Patient?gender=other-system|male"), IsEmpty());
}

TEST_F(SearchTest, StringsFromTheirBeginning) {
  PutPatient("1", R"("name":[{"family":"Müller","given":["Ana María"]}])");
  PutPatient("2", R"("name":[{"family":"Mullery"}])");

  EXPECT_THAT(Ask("Patient?family=MULLER"), ElementsAre("Patient/1", "Patient/2"));
  EXPECT_THAT(Ask("Patient?family:exact=Müller"), ElementsAre("Patient/1"));
  EXPECT_THAT(Ask("Patient?family:exact=muller"), IsEmpty());
  EXPECT_THAT(Ask("Patient?family:contains=LLERY"), ElementsAre("Patient/2"));
  EXPECT_THAT(Ask("Patient?given=ana  maria"), ElementsAre("Patient/1"));
}

TEST_F(SearchTest, LongStringsAreLookedAtAgain) {
  const std::string text(70, 'a');
  PutPatient("1", R"("name":[{"family":")" + text + R"(b"}])");
  PutPatient("2", R"("name":[{"family":")" + text + R"(c"}])");

  EXPECT_THAT(Ask("Patient?family=" + text + "b"), ElementsAre("Patient/1"));
  EXPECT_THAT(Ask("Patient?family:contains=ac"), ElementsAre("Patient/2"));
}

TEST_F(SearchTest, DatesByPrefixAndAnd) {
  PutPatient("1", R"("birthDate":"1980")");
  PutPatient("2", R"("birthDate":"1980-05-17")");
  PutPatient("3", R"("birthDate":"1990-01-01")");

  EXPECT_THAT(Ask("Patient?birthdate=1980"), ElementsAre("Patient/1", "Patient/2"));
  EXPECT_THAT(Ask("Patient?birthdate=1980-05-17"), ElementsAre("Patient/2"));
  EXPECT_THAT(Ask("Patient?birthdate=gt1980-05-17"), ElementsAre("Patient/1", "Patient/3"));
  EXPECT_THAT(Ask("Patient?birthdate=ge1980&birthdate=lt1990"),
              ElementsAre("Patient/1", "Patient/2"));
  EXPECT_THAT(Ask("Patient?birthdate=ne1980"), ElementsAre("Patient/3"));
}

TEST_F(SearchTest, ReferencesByIdTypeAndUrl) {
  PutObservation("1", R"("subject":{"reference":"Patient/a"})");
  PutObservation("2", R"("subject":{"reference":"Group/a"})");
  PutObservation("3", R"("subject":{"reference":"http://other/Patient/a"})");

  EXPECT_THAT(Ask("Observation?subject=a"), ElementsAre("Observation/1", "Observation/2"));
  EXPECT_THAT(Ask("Observation?subject=Patient/a"), ElementsAre("Observation/1"));
  EXPECT_THAT(Ask("Observation?subject:Group=a"), ElementsAre("Observation/2"));
  EXPECT_THAT(Ask("Observation?patient=a"), ElementsAre("Observation/1"));
  EXPECT_THAT(Ask("Observation?subject=http://other/Patient/a"), ElementsAre("Observation/3"));
}

TEST_F(SearchTest, QuantitiesInAnyUnitOfTheirDimension) {
  constexpr auto kMass = R"("valueQuantity":{"value":1.5,"unit":"grams",
                            "system":"http://unitsofmeasure.org","code":"g"})";
  PutObservation("1", kMass);
  PutObservation("2", R"("valueQuantity":{"value":1.5,"unit":"pills"})");

  EXPECT_THAT(Ask("Observation?value-quantity=1.5"), SizeIs(2));
  EXPECT_THAT(Ask("Observation?value-quantity=1500|http://unitsofmeasure.org|mg"),
              ElementsAre("Observation/1"));
  EXPECT_THAT(Ask("Observation?value-quantity=gt1500|http://unitsofmeasure.org|mg"), IsEmpty());
  EXPECT_THAT(Ask("Observation?value-quantity=le1500|http://unitsofmeasure.org|mg"), SizeIs(1));
  EXPECT_THAT(Ask("Observation?value-quantity=1.5||pills"), ElementsAre("Observation/2"));
  EXPECT_THAT(Ask("Observation?value-quantity=1.5||grams"), ElementsAre("Observation/1"));
}

TEST_F(SearchTest, MissingNotTextAndOfType) {
  PutPatient("1", R"("gender":"male","identifier":[{"type":{"coding":[{"system":"t","code":"MR"}],
                     "text":"Medical record"},"value":"9"}])");
  PutPatient("2", R"("gender":"female")");
  PutPatient("3", R"("active":true)");

  EXPECT_THAT(Ask("Patient?gender:missing=true"), ElementsAre("Patient/3"));
  EXPECT_THAT(Ask("Patient?gender:missing=false"), ElementsAre("Patient/1", "Patient/2"));
  EXPECT_THAT(Ask("Patient?gender:not=male"), ElementsAre("Patient/2", "Patient/3"));
  EXPECT_THAT(Ask("Patient?identifier:of-type=t|MR|9"), ElementsAre("Patient/1"));
  EXPECT_THAT(Ask("Patient?identifier:text=medical"), ElementsAre("Patient/1"));
}

TEST_F(SearchTest, ChainsAndTheirReverse) {
  PutPatient("1", R"("name":[{"family":"Smith"}])");
  PutPatient("2", R"("name":[{"family":"Jones"}])");
  PutObservation("1", R"("status":"final","subject":{"reference":"Patient/1"})");
  PutObservation("2", R"("status":"amended","subject":{"reference":"Patient/2"})");

  EXPECT_THAT(Ask("Observation?subject:Patient.family=smith"), ElementsAre("Observation/1"));
  EXPECT_THAT(Ask("Observation?patient.family=jones"), ElementsAre("Observation/2"));
  EXPECT_THAT(Ask("Patient?_has:Observation:patient:status=final"), ElementsAre("Patient/1"));
  EXPECT_THAT(Ask("Patient?_has:Observation:patient:status=unknown"), IsEmpty());
}

TEST_F(SearchTest, IncludesInBothDirections) {
  PutPatient("1", R"("active":true)");
  PutObservation("1", R"("subject":{"reference":"Patient/1"})");

  const Result<Page> forward = Run("Observation?_id=1&_include=Observation:subject");
  const Result<Page> reverse = Run("Patient?_id=1&_revinclude=Observation:subject");

  EXPECT_THAT(NamesOf(forward->included), ElementsAre("Patient/1"));
  EXPECT_THAT(NamesOf(reverse->included), ElementsAre("Observation/1"));
}

TEST_F(SearchTest, CompartmentsAreEveryWayIn) {
  PutPatient("1", R"("active":true)");
  PutObservation("1", R"("subject":{"reference":"Patient/1"})");
  PutObservation("2", R"("performer":[{"reference":"Patient/1"}])");
  PutObservation("3", R"("subject":{"reference":"Patient/2"})");

  EXPECT_THAT(Ask("Patient/1/Observation"), ElementsAre("Observation/1", "Observation/2"));
  EXPECT_THAT(Ask("Patient/1/Patient"), ElementsAre("Patient/1"));
  EXPECT_THAT(Refusal("Patient/1/Location"), HasSubstr("compartment"));
}

TEST_F(SearchTest, RefusesWithWhatIsAllowed) {
  EXPECT_THAT(Refusal("Patient?shoe-size=9"), HasSubstr("birthdate"));
  EXPECT_THAT(Refusal("Patient?shoe-size=9"), testing::StartsWith("shoe-size: "));
  EXPECT_THAT(Refusal("Patient?name:in=x"), HasSubstr("exact,contains"));
  EXPECT_THAT(Refusal("Patient?birthdate=yesterday"), HasSubstr("2020-05-17"));
  EXPECT_THAT(Refusal("Patient?birthdate="), HasSubstr("no value"));
  EXPECT_THAT(Refusal("Patient?gender=male,"), HasSubstr("empty"));
  EXPECT_THAT(Refusal("Patient?_count=many"), HasSubstr("number"));
  EXPECT_THAT(Refusal("Patient?_sort=shoe-size"), HasSubstr("shoe-size"));
  EXPECT_THAT(Refusal("Observation?subject:Practitioner.name=x"), HasSubstr("it refers to"));
  EXPECT_THAT(Refusal("Observation?value-quantity=5|mg"), HasSubstr("number||code"));
  EXPECT_THAT(Refusal("Patient?_include=Patient:name"), HasSubstr("reference"));
  EXPECT_THAT(Refusal("Patient?gender:missing=perhaps"), HasSubstr("true or false"));
}

TEST_F(SearchTest, AllTypesAtOnceInOrderOfCreation) {
  PutPatient("1", R"("active":true)");
  PutObservation("1", R"("subject":{"reference":"Patient/1"})");
  PutPatient("2", R"("active":true)");
  corpus_.Put(R"({"resourceType":"List","id":"1"})");

  EXPECT_THAT(Ask("?"), ElementsAre("Patient/1", "Observation/1", "Patient/2", "List/1"));
  EXPECT_THAT(Ask("?_id=1"), ElementsAre("Patient/1", "Observation/1", "List/1"));
  EXPECT_THAT(Ask("?_type=Patient,List"), ElementsAre("Patient/1", "Patient/2", "List/1"));
  EXPECT_THAT(Ask("?_type=Patient&active=true"), ElementsAre("Patient/1", "Patient/2"));
  EXPECT_THAT(Ask("?_sort=-_id"), ElementsAre("Patient/2", "Patient/1", "Observation/1", "List/1"));
  EXPECT_THAT(Ask("Patient/1/*"), ElementsAre("Patient/1", "Observation/1"));
  EXPECT_THAT(Ask("Patient/1/*?_type=Observation,Location"), ElementsAre("Observation/1"));
  EXPECT_EQ(Run("?_total=accurate&_count=1")->total, 4U);
  EXPECT_EQ(Run("?_summary=count")->total, 4U);
}

TEST_F(SearchTest, AllTypesTakeWhatAllTypesHave) {
  PutPatients(1);

  EXPECT_THAT(Refusal("?name=x"), HasSubstr("_lastUpdated"));
  EXPECT_THAT(Refusal("?_type=Patient,Observation&gender=male"), HasSubstr("Observation"));
  EXPECT_THAT(Refusal("?_type=Shoe"), HasSubstr("resource types"));
  EXPECT_THAT(Refusal("Patient?_type=Patient"), HasSubstr("all types"));
  EXPECT_EQ(Run("Shoe?size=9").status().code(), Code::kNotFound);
}

TEST_F(SearchTest, PagesOfAllTypesForwardsAndBack) {
  for (const char* id : {"1", "2", "3", "4"}) {
    PutPatient(id, R"("active":true)");
    PutObservation(id, R"("status":"final")");
  }

  for (const std::string query : {"?_count=3", "?_count=3&_sort=-_id", "?_sort=_id&_count=3"}) {
    const Result<Page> first = Run(query);
    const Result<Page> second = Run(query, first->next);
    const Result<Page> third = Run(query, second->next);
    Names all = NamesOf(first->matches);
    for (const auto* page : {&*second, &*third}) {
      const Names names = NamesOf(page->matches);
      all.insert(all.end(), names.begin(), names.end());
    }

    EXPECT_EQ(all, Ask(query.substr(0, query.find("_count=3")) + "_count=100" +
                       query.substr(query.find("_count=3") + 8)));
    EXPECT_EQ(third->next, "");
    EXPECT_EQ(Run(query, third->previous)->matches, second->matches);
    EXPECT_EQ(Run(query, second->previous)->matches, first->matches);
    EXPECT_EQ(first->previous, "");
  }
}

TEST_F(SearchTest, NoValueOfTheRequestIsRepeatedInTheFault) {
  EXPECT_THAT(Refusal("Patient?birthdate=Smith"), testing::Not(HasSubstr("Smith")));
}

TEST_F(SearchTest, LenientHandlingLeavesOutAndSaysSo) {
  PutPatients(3);
  SearchRequest request = RequestOf("Patient?gender=male&shoe-size=9");
  request.set_handling(data::v1::HANDLING_LENIENT);
  layout::MapView view(corpus_.store(), corpus_.Moment());

  const Result<Page> page = Execute(view, request, {});

  EXPECT_THAT(NamesOf(page->matches), ElementsAre("Patient/p2"));
  ASSERT_EQ(page->used.size(), 1);
  EXPECT_EQ(page->used[0].name(), "gender");
  EXPECT_EQ(page->warnings.issues_size(), 1);
}

TEST_F(SearchTest, CountZeroAnswersTheTotalOnly) {
  PutPatients(7);

  const Result<Page> page = Run("Patient?gender=female&_count=0");

  EXPECT_THAT(page->matches, IsEmpty());
  EXPECT_EQ(page->total, 4U);
  EXPECT_EQ(page->next, "");
}

TEST_F(SearchTest, SubsetsAreCheckedAndHandedOn) {
  PutPatients(1);

  EXPECT_EQ(Run("Patient?_summary=data")->subset.summary(), subset::Summary::kData);
  EXPECT_FALSE(Run("Patient?_elements=name,birthDate")->subset.is_whole());
  EXPECT_THAT(Refusal("Patient?_elements=shoes"), HasSubstr("birthDate"));
  EXPECT_THAT(Refusal("Patient?_summary=short"), HasSubstr("count"));
  EXPECT_THAT(Refusal("Patient?_summary=text&_include=Patient:organization"),
              HasSubstr("cannot be mixed"));
}

TEST_F(SearchTest, PagesForwardsAndBackAreTheSame) {
  PutPatients(10);

  const Result<Page> first = Run("Patient?_count=4");
  const Result<Page> second = Run("Patient?_count=4", first->next);
  const Result<Page> third = Run("Patient?_count=4", second->next);
  const Result<Page> back = Run("Patient?_count=4", third->previous);

  EXPECT_THAT(first->matches, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(first->previous, "");
  EXPECT_THAT(second->matches, ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(third->matches, ElementsAre(9, 10));
  EXPECT_EQ(third->next, "");
  EXPECT_EQ(back->matches, second->matches);
  EXPECT_THAT(Run("Patient?_count=4", back->previous)->matches, ElementsAre(1, 2, 3, 4));
}

TEST_F(SearchTest, PagesStayAsTheyWereWhileOthersWrite) {
  PutPatients(6);
  const Result<Page> first = Run("Patient?gender=female&_count=2");
  const std::uint64_t moment = *MomentOf(first->next);

  PutPatient("p5", R"("gender":"male")");
  corpus_.Delete("Patient", "p1");
  PutPatient("late", R"("gender":"female")");

  const Result<Page> second = Run("Patient?gender=female&_count=2", first->next, moment);
  EXPECT_THAT(NamesOf(second->matches), ElementsAre("Patient/p5"));
  EXPECT_EQ(second->next, "");
  EXPECT_THAT(Ask("Patient?gender=female"), ElementsAre("Patient/p3", "Patient/late"));
}

TEST_F(SearchTest, ATokenOfAnotherMomentIsRefused) {
  PutPatients(6);
  const Result<Page> first = Run("Patient?_count=2");
  PutPatients(7);

  EXPECT_EQ(Run("Patient?_count=2", first->next).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Run("Patient?_count=2", "nonsense").status().code(), Code::kInvalidArgument);
}

TEST_F(SearchTest, SortsBySeveralKeysAndPagesThem) {
  PutPatient("1", R"("gender":"male","birthDate":"1990")");
  PutPatient("2", R"("gender":"female","birthDate":"1980")");
  PutPatient("3", R"("gender":"male","birthDate":"1980")");
  PutPatient("4", R"("gender":"male")");

  EXPECT_THAT(Ask("Patient?_sort=gender,-birthdate"),
              ElementsAre("Patient/2", "Patient/1", "Patient/3", "Patient/4"));
  EXPECT_THAT(Ask("Patient?_sort=-_id"),
              ElementsAre("Patient/4", "Patient/3", "Patient/2", "Patient/1"));
  const Result<Page> first = Run("Patient?_sort=birthdate&_count=2");
  const Result<Page> second = Run("Patient?_sort=birthdate&_count=2", first->next);
  EXPECT_THAT(NamesOf(first->matches), ElementsAre("Patient/2", "Patient/3"));
  EXPECT_THAT(NamesOf(second->matches), ElementsAre("Patient/1", "Patient/4"));
  EXPECT_EQ(Run("Patient?_sort=birthdate&_count=2", second->previous)->matches, first->matches);
}

TEST_F(SearchTest, APageOfManyReadsFewRows) {
  PutPatients(3'000);
  layout::MapView view(corpus_.store(), corpus_.Moment());

  const Result<Page> page =
      Execute(view, RequestOf("Patient?gender=female&_count=20"), {.now_us = 0, .position = {}});

  EXPECT_THAT(page->matches, SizeIs(20));
  EXPECT_LT(view.rows_read, 2'500U);
}

// Too many for one clause to be read as a whole: pages come from a walk along several runs.
TEST_F(SearchTest, AWalkGivesTheSamePagesInBothDirections) {
  constexpr std::size_t kAll = 2'500;
  for (std::size_t i = 1; i <= kAll; ++i) {
    const std::string system = i % 3 == 0 ? "s" : "t";
    PutPatient(std::to_string(i),
               R"("identifier":[{"system":")" + system + R"(","value":"X"}],"active":true)");
  }
  const std::string query = "Patient?identifier=X&active=true&_count=400";
  std::vector<Numbers> pages;
  std::string position;
  std::string previous;
  do {
    const Result<Page> page = Run(query, position);
    pages.push_back(page->matches);
    position = page->next;
    previous = page->previous;
  } while (!position.empty());
  Numbers all;
  for (const Numbers& page : pages) all.insert(all.end(), page.begin(), page.end());

  EXPECT_THAT(pages, SizeIs(7));
  ASSERT_THAT(all, SizeIs(kAll));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::set<layout::ResourceNumber>(all.begin(), all.end()).size(), kAll);
  for (std::size_t i = pages.size() - 1; i-- > 0;) {
    const Result<Page> page = Run(query, previous);
    EXPECT_EQ(page->matches, pages[i]) << i;
    previous = page->previous;
  }
  EXPECT_EQ(previous, "");
}

TEST_F(SearchTest, ASmallClauseIsNotSlowedByALargeOne) {
  PutPatients(3'000);
  layout::MapView view(corpus_.store(), corpus_.Moment());

  const Result<Page> page = Execute(view, RequestOf("Patient?gender=female&family:exact=Name777"),
                                    {.now_us = 0, .position = {}});

  EXPECT_THAT(page->matches, SizeIs(1));
  EXPECT_LT(view.rows_read, 500U);
}

TEST_F(SearchTest, ExplainTellsWhatWasRead) {
  PutPatients(5);
  layout::MapView view(corpus_.store(), corpus_.Moment());

  const auto explained = Explain(view, RequestOf("Patient?gender=female&birthdate=lt2000"), {});

  ASSERT_GE(explained->steps_size(), 2);
  EXPECT_EQ(explained->steps(0).operation(), "read index");
  EXPECT_GT(explained->steps(0).rows_read(), 0U);
  EXPECT_THAT(explained->text(), HasSubstr("gender"));
}

TEST_F(SearchTest, FindNeedsACondition) {
  PutPatients(5);
  layout::MapView view(corpus_.store(), corpus_.Moment());
  const auto request = RequestOf("Patient?gender=female");
  const std::vector<data::v1::Parameter> parameters(request.parameters().begin(),
                                                    request.parameters().end());

  EXPECT_THAT(*Find(view, "Patient", parameters, 2, 0), SizeIs(2));
  EXPECT_EQ(Find(view, "Patient", {}, 2, 0).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace strata::fhir::search
