#include "core/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

namespace strata::json {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string FromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

struct Case {
  std::string name;
  std::string text;
};

std::vector<Case> SuiteCases() {
  std::vector<Case> cases;
  std::ifstream file(STRATA_FIXTURES "/json-parsing/cases.tsv");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name, times, unit, tail;
    std::getline(fields, name, '\t');
    std::getline(fields, times, '\t');
    std::getline(fields, unit, '\t');
    std::getline(fields, tail, '\t');
    std::string text;
    const std::string bytes = FromHex(unit);
    for (int i = std::stoi(times); i > 0; --i) text += bytes;
    cases.push_back({name, text + FromHex(tail)});
  }
  return cases;
}

std::string ErrorOf(std::string_view text, const ParseOptions& options = {}) {
  const auto document = Document::Parse(text, options);
  return document.ok() ? std::string() : document.status().message();
}

// JSON itself allows two members of one name; a record must not have them.
bool HasDoubleName(const std::string& name) {
  return name == "y_object_duplicated_key" || name == "y_object_duplicated_key_and_value";
}

TEST(JsonSuite, AcceptsValidAndRefusesInvalidTexts) {
  const std::vector<Case> cases = SuiteCases();

  ASSERT_EQ(cases.size(), 191u);
  for (const Case& c : cases) {
    const bool accepted = Document::Parse(c.text).ok();
    if (c.name[0] == 'i') continue;
    EXPECT_EQ(accepted, c.name[0] == 'y' && !HasDoubleName(c.name)) << c.name;
  }
}

TEST(JsonSuite, KeepsEveryByteOfAcceptedTexts) {
  Parser parser;
  for (const Case& c : SuiteCases()) {
    const Result<Value> root = parser.Parse(c.text);
    if (!root.ok()) continue;
    EXPECT_EQ(parser.text(), c.text) << c.name;
    EXPECT_EQ(root->raw(), c.text.substr(root->begin_offset(), root->raw().size())) << c.name;
  }
}

TEST(JsonSuite, RefusesEveryTruncationOfAnObject) {
  const std::string text = R"({"a":[1.5e3,{"b":"x\u00e9\ud83d\ude00"}],"c":true,"d":null})";

  ASSERT_TRUE(Document::Parse(text).ok());
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_NE(ErrorOf(text.substr(0, n)), "") << n;
  }
}

TEST(JsonValue, KeepsNumbersAsWritten) {
  const auto document = Document::Parse("[1.10, -0, 1E+2, 12345678901234567890.000, 7]");

  ASSERT_TRUE(document.ok());
  std::vector<std::string_view> lexemes;
  for (Value value : document->root().elements()) lexemes.push_back(value.lexeme());
  EXPECT_THAT(lexemes, ElementsAre("1.10", "-0", "1E+2", "12345678901234567890.000", "7"));
  EXPECT_EQ(document->root().At(4).int_value(), 7);
  EXPECT_EQ(document->root().At(0).int_value(), std::nullopt);
  EXPECT_EQ(document->root().At(3).int_value(), std::nullopt);
}

TEST(JsonValue, ResolvesEscapes) {
  const auto document =
      Document::Parse(R"(["plain", "a\"\\\/\b\f\n\r\tz", "\u00e9\u20AC\ud83d\ude00", "\u0000"])");

  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root().At(0).string(), "plain");
  EXPECT_EQ(document->root().At(1).string(), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(document->root().At(2).string(), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(document->root().At(3).string(), std::string_view("\0", 1));
}

TEST(JsonValue, IteratesInDocumentOrder) {
  const auto document = Document::Parse(R"({"z":1,"a":{"x":[[],{}]},"m":"t"})");

  ASSERT_TRUE(document.ok());
  std::vector<std::string_view> names, raws;
  for (const Member& member : document->root().members()) {
    names.push_back(member.name);
    raws.push_back(member.value.raw());
  }
  EXPECT_THAT(names, ElementsAre("z", "a", "m"));
  EXPECT_THAT(raws, ElementsAre("1", R"({"x":[[],{}]})", "\"t\""));
  EXPECT_EQ(document->root().size(), 3u);
  EXPECT_EQ(document->root()["a"]["x"].size(), 2u);
}

TEST(JsonValue, FindsNamesWrittenWithEscapes) {
  const auto document = Document::Parse(R"({"\u0061b": 1})");

  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root().Get("ab").lexeme(), "1");
  EXPECT_FALSE(document->root().Get("a"));
}

TEST(JsonValue, MissingValueAnswersAsEmpty) {
  const Value missing;

  EXPECT_FALSE(missing);
  EXPECT_FALSE(missing.is_null());
  EXPECT_FALSE(missing["a"].At(3)["b"]);
  EXPECT_EQ(missing.raw(), "");
  EXPECT_EQ(missing.members().begin(), missing.members().end());
  EXPECT_EQ(missing.elements().begin(), missing.elements().end());
}

TEST(JsonValue, StaysValidWhenTheDocumentMoves) {
  auto parsed = Document::Parse(R"({"a":"b"})");
  ASSERT_TRUE(parsed.ok());
  const Value value = parsed->root()["a"];

  const Document moved = *std::move(parsed);

  EXPECT_EQ(value.string(), "b");
}

TEST(JsonParser, RefusesDoubleNamesInSmallAndLargeObjects) {
  std::string large = "{";
  for (int i = 0; i < 100; ++i) large += "\"k" + std::to_string(i) + "\":0,";

  EXPECT_THAT(ErrorOf(R"({"a":1,"b":{"a":2},"\u0061":3})"), HasSubstr("used twice"));
  EXPECT_EQ(ErrorOf(R"({"a":1,"b":{"a":2}})"), "");
  EXPECT_EQ(ErrorOf(large + "\"k100\":0}"), "");
  EXPECT_THAT(ErrorOf(large + "\"k3\":0}"), HasSubstr("used twice"));
  EXPECT_THAT(ErrorOf(large + "\"k99\":0}"), HasSubstr("used twice"));
}

TEST(JsonParser, LimitsDepthAndSize) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };

  EXPECT_EQ(ErrorOf(nested(64)), "");
  EXPECT_THAT(ErrorOf(nested(65)), HasSubstr("too deep"));
  EXPECT_EQ(ErrorOf(nested(200), {.max_depth = 200}), "");
  EXPECT_EQ(Document::Parse("[1,2]", {.max_bytes = 4}).status().code(), Code::kResourceExhausted);
  EXPECT_EQ(Parser({.max_bytes = 4}).Parse("[1,2]").status().code(), Code::kResourceExhausted);
}

TEST(JsonParser, NamesThePlaceAndNeverTheContent) {
  EXPECT_EQ(ErrorOf("{\n \"name\": Smith}"), "JSON: value expected (line 2, byte 11)");
  EXPECT_EQ(ErrorOf("[\"Smith\xFF\"]"), "JSON: not UTF-8 (line 1, byte 7)");
  EXPECT_THAT(ErrorOf(R"({"Smith":1,"Smith":2})"), Not(HasSubstr("Smith")));
}

TEST(JsonParser, ReusesItsMemory) {
  Parser parser;

  ASSERT_FALSE(parser.Parse("[1,").ok());
  const Result<Value> root = parser.Parse(R"({"a":"\n"})");

  ASSERT_TRUE(root.ok());
  EXPECT_EQ((*root)["a"].string(), "\n");
  EXPECT_EQ(parser.Parse("[]")->size(), 0u);
}

}  // namespace
}  // namespace strata::json
