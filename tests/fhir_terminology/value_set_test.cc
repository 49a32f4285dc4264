#include "plugins/data_fhir/terminology/value_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace strata::fhir::terminology {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MapSource final : public Source {
 public:
  void Put(const std::string& type, const std::string& url, std::string json) {
    texts_[type + " " + url] = std::move(json);
  }
  Result<std::optional<json::Document>> Find(std::string_view type,
                                             std::string_view canonical) override {
    const auto found = texts_.find(std::string(type) + " " + std::string(canonical));
    if (found == texts_.end()) return std::optional<json::Document>();
    STRATA_ASSIGN_OR_RETURN(json::Document document, json::Document::Parse(found->second));
    return std::optional<json::Document>(std::move(document));
  }

 private:
  std::map<std::string, std::string> texts_;
};

// animal: mammal (cat, dog), bird; a retired code and one with two parents.
constexpr auto kAnimals = R"({"resourceType":"CodeSystem","url":"sys","content":"complete",
  "concept":[
   {"code":"animal","concept":[
     {"code":"mammal","display":"Mammal","concept":[
        {"code":"cat","property":[{"code":"legs","valueInteger":4}]},
        {"code":"dog","property":[{"code":"legs","valueInteger":4}]}]},
     {"code":"bird","property":[{"code":"legs","valueInteger":2}]}]},
   {"code":"bat","property":[{"code":"parent","valueCode":"mammal"},
                             {"code":"parent","valueCode":"flyer"}]},
   {"code":"flyer","property":[{"code":"child","valueCode":"bird"}]},
   {"code":"dodo","property":[{"code":"inactive","valueBoolean":true},
                              {"code":"parent","valueCode":"bird"}]}]})";

class ValueSetTest : public testing::Test {
 protected:
  ValueSetTest() { source_.Put("CodeSystem", "sys", kAnimals); }

  // The codes of a ValueSet with that content, "system|code"; "system|*" for a whole system; or
  // why not.
  std::vector<std::string> CodesOf(const std::string& content) {
    source_.Put("ValueSet", "vs", R"({"resourceType":"ValueSet","url":"vs",)" + content + "}");
    return Listed(Expand(source_, "vs"));
  }
  static std::vector<std::string> Listed(const Result<CodeSet>& set) {
    if (!set.ok()) return {set.status().message()};
    std::vector<std::string> out;
    for (const auto& [system, codes] : set->codes()) {
      for (const std::string& code : codes) {
        out.push_back(std::string(system).append("|").append(code));
      }
    }
    for (const auto& [system, except] : set->systems()) {
      out.push_back(system + "|*");
      for (const std::string& code : except) out.push_back("-" + code);
    }
    return out;
  }

  MapSource source_;
};

TEST_F(ValueSetTest, ConceptsOneByOne) {
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"x","concept":[{"code":"1"},{"code":"2"}]},
                         {"system":"y","concept":[{"code":"1"}]}],
                         "exclude":[{"system":"x","concept":[{"code":"2"}]}]})"),
              ElementsAre("x|1", "y|1"));
}

TEST_F(ValueSetTest, WholeSystemsStoredAndNot) {
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"sys"}],"inactive":false})"),
              ElementsAre("sys|animal", "sys|bat", "sys|bird", "sys|cat", "sys|dog", "sys|flyer",
                          "sys|mammal"));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"x"}],
                         "exclude":[{"system":"x","concept":[{"code":"2"}]}]})"),
              ElementsAre("x|*", "-2"));
}

TEST_F(ValueSetTest, FiltersOfAHierarchy) {
  const auto filtered = [&](const std::string& op, const std::string& value) {
    return CodesOf(R"("compose":{"include":[{"system":"sys","filter":[{"property":"concept",
                      "op":")" +
                   op + R"(","value":")" + value + R"("}]}]})");
  };

  EXPECT_THAT(filtered("is-a", "mammal"),
              ElementsAre("sys|bat", "sys|cat", "sys|dog", "sys|mammal"));
  EXPECT_THAT(filtered("descendent-of", "mammal"), ElementsAre("sys|bat", "sys|cat", "sys|dog"));
  EXPECT_THAT(filtered("generalizes", "bat"),
              ElementsAre("sys|animal", "sys|bat", "sys|flyer", "sys|mammal"));
  EXPECT_THAT(filtered("is-not-a", "animal"), ElementsAre("sys|flyer"));
  EXPECT_THAT(filtered("in", "cat,dog,cow"), ElementsAre("sys|cat", "sys|dog"));
  EXPECT_THAT(filtered("like", "cat"), ElementsAre(HasSubstr("operator 'like'")));
}

TEST_F(ValueSetTest, FiltersOfPropertiesAllHold) {
  const auto filtered = [&](const std::string& filters) {
    return CodesOf(R"("compose":{"include":[{"system":"sys","filter":[)" + filters + "]}]}");
  };

  EXPECT_THAT(filtered(R"({"property":"legs","op":"=","value":"4"})"),
              ElementsAre("sys|cat", "sys|dog"));
  EXPECT_THAT(filtered(R"({"property":"legs","op":"exists","value":"true"})"),
              ElementsAre("sys|bird", "sys|cat", "sys|dog"));
  EXPECT_THAT(filtered(R"({"property":"legs","op":"=","value":"4"},
                          {"property":"code","op":"regex","value":"c.*"})"),
              ElementsAre("sys|cat"));
  EXPECT_THAT(filtered(R"({"property":"display","op":"=","value":"Mammal"})"),
              ElementsAre("sys|mammal"));
  EXPECT_THAT(filtered(R"({"property":"parent","op":"=","value":"bird"})"),
              ElementsAre("sys|dodo"));
  EXPECT_THAT(filtered(R"({"property":"code","op":"regex","value":"("})"),
              ElementsAre(HasSubstr("regular expression")));
}

TEST_F(ValueSetTest, ImportsAreIntersectedWithinAnInclude) {
  source_.Put("ValueSet", "a", R"({"compose":{"include":[{"system":"x","concept":
                                  [{"code":"1"},{"code":"2"}]}]}})");
  source_.Put("ValueSet", "b", R"({"compose":{"include":[{"system":"x","concept":
                                  [{"code":"2"},{"code":"3"}]}]}})");

  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"valueSet":["a","b"]}]})"), ElementsAre("x|2"));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"valueSet":["a"]},{"valueSet":["b"]}]})"),
              ElementsAre("x|1", "x|2", "x|3"));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"x","valueSet":["a"]}]})"),
              ElementsAre("x|1", "x|2"));
}

TEST_F(ValueSetTest, ACompleteExpansionIsTaken) {
  EXPECT_THAT(CodesOf(R"("expansion":{"total":3,"contains":[{"system":"x","code":"1","contains":
                         [{"system":"x","code":"2"}]},{"system":"x","code":"3","abstract":true}]},
                         "compose":{"include":[{"system":"y"}]})"),
              ElementsAre("x|1", "x|2"));
  EXPECT_THAT(CodesOf(R"("expansion":{"total":9,"contains":[{"system":"x","code":"1"}]},
                         "compose":{"include":[{"system":"y"}]})"),
              ElementsAre("y|*"));
  EXPECT_THAT(CodesOf(R"("expansion":{"total":9,"contains":[{"system":"x","code":"1"}]})"),
              ElementsAre(HasSubstr("no complete expansion")));
}

TEST_F(ValueSetTest, SaysWhatIsMissing) {
  EXPECT_THAT(Listed(Expand(source_, "none")), ElementsAre(HasSubstr("'none' is not stored")));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"valueSet":["none"]}]})"),
              ElementsAre(HasSubstr("'none' is not stored")));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"x","filter":[{"property":"concept",
                         "op":"is-a","value":"1"}]}]})"),
              ElementsAre(HasSubstr("CodeSystem 'x' is not stored")));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"valueSet":["vs"]}]})"),
              ElementsAre(HasSubstr("import each other")));
  EXPECT_THAT(CodesOf(R"("compose":{"include":[{}]})"), ElementsAre(HasSubstr("neither")));
  source_.Put("CodeSystem", "part",
              R"({"url":"part","content":"fragment","hierarchyMeaning":"x"})");
  EXPECT_THAT(Listed(Subsumed(source_, "part", "1", true)), ElementsAre(HasSubstr("without all")));
  source_.Put("CodeSystem", "part",
              R"({"url":"part","content":"complete","hierarchyMeaning":"part-of"})");
  EXPECT_THAT(Listed(Subsumed(source_, "part", "1", true)), ElementsAre(HasSubstr("hierarchy")));
}

TEST_F(ValueSetTest, RefusesTooManyCodes) {
  std::string concepts;
  for (std::size_t i = 0; i <= kMaxCodes; ++i) {
    concepts += (i == 0 ? "" : ",") + (R"({"code":")" + std::to_string(i) + "\"}");
  }

  EXPECT_THAT(CodesOf(R"("compose":{"include":[{"system":"x","concept":[)" + concepts + "]}]}"),
              ElementsAre(HasSubstr("more than")));
}

TEST_F(ValueSetTest, ImplicitValueSetsAndSubsumption) {
  EXPECT_THAT(Listed(Expand(source_, "sys?fhir_vs=isa/mammal")),
              ElementsAre("sys|bat", "sys|cat", "sys|dog", "sys|mammal"));
  EXPECT_EQ(Expand(source_, "sys?fhir_vs")->size(), 8U);
  EXPECT_THAT(Listed(Expand(source_, "sys?fhir_vs=refset/1")), ElementsAre(HasSubstr("implicit")));
  EXPECT_THAT(Listed(Subsumed(source_, "sys", "cat", false)),
              ElementsAre("sys|animal", "sys|cat", "sys|mammal"));
  EXPECT_THAT(Listed(Subsumed(source_, "sys", "unknown", true)), ElementsAre("sys|unknown"));
}

}  // namespace
}  // namespace strata::fhir::terminology
