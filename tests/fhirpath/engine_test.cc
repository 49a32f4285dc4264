#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/fhirpath/fhirpath.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhirpath {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kObservation = R"({
  "resourceType": "Observation", "id": "o1", "status": "final",
  "contained": [{"resourceType": "Practitioner", "id": "p1", "active": true}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
  "subject": {"reference": "Patient/1"},
  "performer": [{"reference": "#p1"}, {"reference": "http://a.example/fhir/Organization/7/_history/2"},
                {"reference": "urn:uuid:1", "type": "CareTeam"}, {"display": "somebody"}],
  "effectiveDateTime": "2020-01-02T03:04:05Z",
  "valueQuantity": {"value": 1.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
  "component": [{"code": {"text": "a"}, "valueString": "x"},
                {"code": {"text": "b"}, "_valueString": {"extension": [{"url": "u", "valueCode": "c"}]}}],
  "note": [{"text": "n", "_text": {"id": "t1"}}]
})";

// "type:text" of every result, or the error.
std::vector<std::string> Evaluated(std::string_view text, Evaluator& evaluator,
                                   std::string_view resource = kObservation) {
  const auto expression = Expression::Compile(text);
  if (!expression.ok()) return {expression.status().message()};
  const auto document = json::Document::Parse(resource);
  EXPECT_TRUE(document.ok());
  const auto result = evaluator.Evaluate(*expression, Item::Resource(document->root()));
  if (!result.ok()) return {result.status().message()};
  std::vector<std::string> out;
  for (const Item& item : *result) {
    out.push_back(std::string(item.type_name().name) + ":" + ToText(item).value_or("-"));
  }
  return out;
}

std::vector<std::string> Evaluated(std::string_view text) {
  Evaluator evaluator;
  return Evaluated(text, evaluator);
}

TEST(FhirPath, KnowsTheTypesOfElements) {
  EXPECT_THAT(Evaluated("Observation.code"), ElementsAre("CodeableConcept:-"));
  EXPECT_THAT(Evaluated("code.coding.code"), ElementsAre("code:29463-7"));
  EXPECT_THAT(Evaluated("Observation.effective"), ElementsAre("dateTime:2020-01-02T03:04:05Z"));
  EXPECT_THAT(Evaluated("(Observation.value as Quantity)"), ElementsAre("Quantity:1.50 'kg'"));
  EXPECT_THAT(Evaluated("Observation.value.ofType(string)"), IsEmpty());
  EXPECT_THAT(Evaluated("Observation.component"),
              ElementsAre("Observation.component:-", "Observation.component:-"));
  EXPECT_THAT(Evaluated("Patient.name"), IsEmpty());
  EXPECT_THAT(Evaluated("contained"), ElementsAre("Practitioner:-"));
}

TEST(FhirPath, ReachesExtensionsOfPrimitives) {
  EXPECT_THAT(Evaluated("component.value"), ElementsAre("string:x", "string:-"));
  EXPECT_THAT(Evaluated("component.value.hasValue()"), ElementsAre("Boolean:false"));
  EXPECT_THAT(Evaluated("component.value.extension('u').value"), ElementsAre("code:c"));
  EXPECT_THAT(Evaluated("note.text.id"), ElementsAre("string:t1"));
}

TEST(FhirPath, ResolvesByTheTextOfTheReference) {
  EXPECT_THAT(Evaluated("Observation.subject.where(resolve() is Patient).reference"),
              ElementsAre("string:Patient/1"));
  EXPECT_THAT(Evaluated("Observation.subject.where(resolve() is Group)"), IsEmpty());
  EXPECT_THAT(Evaluated("performer.resolve().type().name"),
              ElementsAre("String:Practitioner", "String:Organization", "String:CareTeam"));
  EXPECT_THAT(Evaluated("performer.resolve().active"), ElementsAre("boolean:true"));
}

TEST(FhirPath, AsksItsHooks) {
  const auto patient =
      json::Document::Parse(R"({"resourceType":"Patient","id":"1","gender":"male"})");
  ASSERT_TRUE(patient.ok());
  std::vector<std::string> traced;
  Hooks hooks;
  hooks.resolve = [&](std::string_view reference) -> std::optional<Item> {
    if (reference != "Patient/1") return std::nullopt;
    return Item::Resource(patient->root());
  };
  hooks.member_of = [](const Item& item, std::string_view value_set) -> Result<bool> {
    return ToText(item) == "male" && value_set == "vs";
  };
  hooks.trace = [&](std::string_view name, std::span<const Item>) { traced.emplace_back(name); };
  hooks.now = [] { return std::chrono::system_clock::time_point(std::chrono::hours(24)); };
  Evaluator evaluator(std::move(hooks));

  EXPECT_THAT(Evaluated("subject.resolve().gender.trace('t').memberOf('vs')", evaluator),
              ElementsAre("Boolean:true"));
  EXPECT_THAT(traced, ElementsAre("t"));
  EXPECT_THAT(Evaluated("now() | today()", evaluator),
              ElementsAre("DateTime:1970-01-02T00:00:00.000Z", "Date:1970-01-02"));
}

TEST(FhirPath, EvaluatesInTheContextOfAnElement) {
  const auto document = json::Document::Parse(kObservation);
  const auto components = Expression::Compile("Observation.component");
  const auto code = Expression::Compile("code.text");
  const Item resource = Item::Resource(document->root());
  Evaluator outer;
  Evaluator inner;

  const auto found = outer.Evaluate(*components, resource);
  ASSERT_TRUE(found.ok());
  const auto text = inner.Evaluate(*code, found->subspan(1, 1), resource);

  ASSERT_TRUE(text.ok() && text->size() == 1);
  EXPECT_EQ(ToText(text->front()), "b");
}

TEST(FhirPath, ReadsVariables) {
  Evaluator evaluator;
  evaluator.SetVariable("factor", {Item(std::int64_t{3})});

  EXPECT_THAT(Evaluated("%factor * 2", evaluator), ElementsAre("Integer:6"));
  EXPECT_THAT(Evaluated("%other", evaluator), ElementsAre(HasSubstr("unknown variable")));
  EXPECT_THAT(Evaluated("%resource.id", evaluator), ElementsAre("id:o1"));
}

TEST(FhirPath, RefusesChoicesNamedWithTheirType) {
  EXPECT_THAT(Evaluated("Observation.valueQuantity"), ElementsAre(HasSubstr("without its type")));
}

Status Checked(std::string_view text, std::string_view type) {
  const auto expression = Expression::Compile(text);
  return expression.ok() ? expression->Check(*fhir::model::R4().Find(type)) : expression.status();
}

TEST(FhirPath, IntegersHave32Bits) {
  EXPECT_THAT(Evaluated("-2147483648"), ElementsAre("Integer:-2147483648"));
  EXPECT_THAT(Evaluated("2147483648"), ElementsAre(HasSubstr("not a number")));
  EXPECT_THAT(Evaluated("2147483647 + 1"), IsEmpty());
  EXPECT_THAT(Evaluated("99999999999.5.floor()"), IsEmpty());
  EXPECT_THAT(Evaluated("100000.power(3)"), ElementsAre("Decimal:1000000000000000"));
}

TEST(FhirPath, ReadsNamedGroupsInRegularExpressions) {
  EXPECT_THAT(Evaluated("'11/30'.replaceMatches('(?<m>\\\\d+)/(?<d>\\\\d+)', '${d}-$1')"),
              ElementsAre("String:30-11"));
  EXPECT_THAT(Evaluated("'\\\"1<2\\\"'.unescape('json')"), ElementsAre("String:\"1<2\""));
}

TEST(FhirPath, RefusesGroupsThatTheRegularExpressionLacks) {
  EXPECT_THAT(Evaluated("'a'.replaceMatches('(a)', '$2$1')"),
              ElementsAre(HasSubstr("not a substitution")));
}

TEST(FhirPath, NothingIsOfAnUnknownSystemType) {
  EXPECT_THAT(Evaluated("Observation.is(System.Observation)"), ElementsAre("Boolean:false"));
  EXPECT_THAT(Evaluated("Observation.is(Nothing)"), ElementsAre(HasSubstr("unknown type")));
}

TEST(FhirPath, ChecksTypesInStrictMode) {
  EXPECT_TRUE(Checked("Patient.name.where(use = 'official').given.first()", "Patient").ok());
  EXPECT_TRUE(Checked("contained.anything.goes", "Patient").ok());
  EXPECT_FALSE(Checked("name.given1", "Patient").ok());
  EXPECT_FALSE(Checked("Encounter.status", "Patient").ok());
  EXPECT_FALSE(Checked("Patient.name.where(given1 = 'x')", "Patient").ok());
  EXPECT_FALSE(Checked("(Observation.value as Period).unit", "Observation").ok());
  EXPECT_FALSE(Checked("(Observation.status as Period)", "Observation").ok());
  EXPECT_FALSE(Checked("Patient.children().first()", "Patient").ok());
}

TEST(FhirPath, CompilesEverySearchParameter) {
  for (const auto& parameter : fhir::model::R4Search().all()) {
    if (parameter.expression.empty()) continue;
    const auto expression = Expression::Compile(parameter.expression);
    EXPECT_TRUE(expression.ok()) << parameter.url_tail << expression.status().message();
    for (const auto& component : parameter.components) {
      EXPECT_TRUE(Expression::Compile(component.expression).ok()) << parameter.url_tail;
    }
  }
}

TEST(FhirPath, PrunedExpressionsGiveTheSameOnTheirType) {
  const auto document = json::Document::Parse(kObservation);
  const Item resource = Item::Resource(document->root());
  Evaluator one;
  Evaluator other;
  for (const auto* parameter : fhir::model::R4Search().ForType("Observation")) {
    if (parameter->expression.empty()) continue;
    const auto whole = Expression::Compile(parameter->expression);
    const auto pruned = Expression::CompileFor(parameter->expression, *resource.fhir_type());
    const auto a = one.Evaluate(*whole, resource);
    const auto b = other.Evaluate(*pruned, resource);
    ASSERT_TRUE(a.ok() && b.ok()) << parameter->url_tail << a.status().message();
    ASSERT_EQ(a->size(), b->size()) << parameter->url_tail;
    for (std::size_t i = 0; i < a->size(); ++i) {
      EXPECT_EQ((*a)[i].element().value, (*b)[i].element().value) << parameter->url_tail;
    }
  }
}

TEST(ExpressionCache, KeepsTheExpressionsUsedLast) {
  ExpressionCache cache(2);

  const auto first = cache.Get("a.b");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(&first->text(), &cache.Get("a.b")->text());
  EXPECT_TRUE(cache.Get("c").ok());
  EXPECT_TRUE(cache.Get("d").ok());
  EXPECT_NE(&first->text(), &cache.Get("a.b")->text());
  EXPECT_FALSE(cache.Get("a..b").ok());
}

// Hostile input ends in an error, never in a crash or a long wait.
TEST(FhirPathLimits, RefuseLongAndDeepExpressions) {
  const auto error = [](const std::string& text) {
    const auto expression = Expression::Compile(text);
    return expression.ok() ? std::string() : expression.status().message();
  };
  const auto repeated = [](const char* part, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += part;
    return text;
  };

  EXPECT_THAT(error(std::string(20000, ' ') + "1"), HasSubstr("longer"));
  EXPECT_THAT(error(std::string(5000, '(') + "1" + std::string(5000, ')')), HasSubstr("too deep"));
  EXPECT_THAT(error(std::string(5000, '-') + "1"), HasSubstr("too deep"));
  EXPECT_THAT(error("1" + repeated("+1", 5000)), HasSubstr("too deep"));
  EXPECT_THAT(error("a" + repeated(".b()", 1000)), HasSubstr("unknown function"));
  EXPECT_THAT(error("a" + repeated("[0]", 3000)), HasSubstr("too deep"));
  EXPECT_THAT(error(repeated("iif(", 3000)), HasSubstr("too deep"));
  EXPECT_EQ(error("a" + repeated(".b", 5000)), "");
}

TEST(FhirPathLimits, StopEndlessEvaluations) {
  Evaluator evaluator({}, {.max_steps = 50'000, .max_items = 10'000, .max_text = 1 << 20});

  EXPECT_THAT(Evaluated("1.repeat($this + 1)", evaluator),
              ElementsAre(HasSubstr("too many steps")));
  EXPECT_THAT(Evaluated("1.repeatAll($this)", evaluator), ElementsAre(HasSubstr("too ")));
  EXPECT_THAT(Evaluated("1.repeatAll($this.combine($this))", evaluator),
              ElementsAre(HasSubstr("too ")));
  EXPECT_THAT(Evaluated("'abcdefghij'.toChars().aggregate($total.combine($total).combine($total), "
                        "'abcdefghij'.toChars())",
                        evaluator),
              ElementsAre(HasSubstr("collection too large")));
  EXPECT_THAT(Evaluated("'abcdefghij'.toChars().aggregate($total.replace('', $total), 'aaaaaaaa')",
                        evaluator),
              ElementsAre(HasSubstr("too much text")));
}

TEST(FhirPathLimits, RegularExpressionsTakeLinearTime) {
  const std::string text = "'" + std::string(5000, 'a') + "'.matches('(a+)+b')";

  EXPECT_THAT(Evaluated(text), ElementsAre("Boolean:false"));
  EXPECT_THAT(Evaluated("'a'.matches('(')"), ElementsAre(HasSubstr("not a regular expression")));
}

// Linear in the text, and in the size of the expression too.
TEST(FhirPathLimits, LargeRegularExpressionsOnLongTextsAreRefused) {
  const std::string note =
      R"({"resourceType":"Observation","note":[{"text":")" + std::string(1'000'000, 'a') + "\"}]}";
  Evaluator evaluator;

  EXPECT_THAT(Evaluated("note.text.matches('(a?){900}b')", evaluator, note),
              ElementsAre(HasSubstr("too many steps")));
  EXPECT_THAT(Evaluated("note.text.replaceMatches('(a?){900}b', 'c')", evaluator, note),
              ElementsAre(HasSubstr("too many steps")));
  EXPECT_THAT(Evaluated("note.text.matches('a+b')", evaluator, note), ElementsAre("Boolean:false"));
}

TEST(FhirPath, BytesThatAreNoTextHaveNoValue) {
  EXPECT_THAT(Evaluated("'c3a9'.decode('hex')"), ElementsAre("String:\xC3\xA9"));
  EXPECT_THAT(Evaluated("'c3'.decode('hex')"), IsEmpty());
  EXPECT_THAT(Evaluated("'/w=='.decode('base64')"), IsEmpty());
}

TEST(FhirPathLimits, RefuseMalformedExpressionsWithAPosition) {
  for (std::string_view text : {"",          "a.",           ".a",           "a b",
                                "(",         "1 +",          "'x",           "`x",
                                "@",         "@20",          "@T25",         "{1}",
                                "a[",        "a.where(",     "a.where()",    "%",
                                "$that",     "a is",         "a is Nothing", "nothing()",
                                "1 /* x",    "\xFF",         "99999999999",  "'\\x'",
                                "'\\ud800'", "a.ofType('b')"}) {
    const auto expression = Expression::Compile(text);
    ASSERT_FALSE(expression.ok()) << text;
    EXPECT_EQ(expression.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(expression.status().message(), HasSubstr("(position ")) << text;
  }
}

}  // namespace
}  // namespace strata::fhirpath
