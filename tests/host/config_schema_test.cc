#include "core/host/config_schema.h"

#include <gtest/gtest.h>

namespace strata::host {
namespace {

constexpr char kSchema[] = R"({
  "type": "object",
  "required": ["path"],
  "properties": {
    "path": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]*$"},
    "mode": {"enum": ["fast", "safe"], "default": "safe"},
    "rows": {"type": "integer", "minimum": 1, "maximum": 10},
    "ratio": {"type": "number"},
    "pool": {"type": "object", "properties": {"size": {"type": "integer", "default": 4}}},
    "hosts": {"type": "array", "items": {"type": "string"}},
    "free": {"type": "object", "additionalProperties": true}
  }
})";

std::string Problem(std::string_view config) {
  const auto schema = json::Document::Parse(kSchema);
  const auto document = json::Document::Parse(config);
  const auto problem = CheckConfig(schema->root(), document->root());
  return problem ? problem->path + ": " + problem->message : "";
}

TEST(ConfigSchema, AcceptsWhatFollowsIt) {
  EXPECT_EQ(Problem(R"({"path": "x"})"), "");
  EXPECT_EQ(Problem(R"({"path": "x", "rows": 10, "ratio": 1.5, "mode": "fast", "hosts": ["a"],
                        "pool": {"size": 2}, "free": {"any": [1]}})"),
            "");
}

TEST(ConfigSchema, NamesThePathOfWhatIsWrong) {
  EXPECT_EQ(Problem("{}"), ": setting \"path\" is missing");
  EXPECT_EQ(Problem(R"({"path": ""})"), "path: must have at least 1 bytes");
  EXPECT_EQ(Problem(R"({"path": "0123456789"})"), "path: must have at most 9 bytes");
  EXPECT_EQ(Problem(R"({"path": "X"})"), "path: must match ^[a-z]*$");
  EXPECT_EQ(Problem(R"({"path": 5})"), "path: must be of type string");
  EXPECT_EQ(Problem(R"({"path": "x", "rows": 0})"), "rows: must be at least 1");
  EXPECT_EQ(Problem(R"({"path": "x", "rows": 11})"), "rows: must be at most 10");
  EXPECT_EQ(Problem(R"({"path": "x", "rows": 1.5})"), "rows: must be of type integer");
  EXPECT_EQ(Problem(R"({"path": "x", "mode": "slow"})"), R"(mode: must be one of "fast", "safe")");
  EXPECT_EQ(Problem(R"({"path": "x", "hosts": ["a", 1]})"), "hosts[1]: must be of type string");
  EXPECT_EQ(Problem(R"({"path": "x", "pool": {"sise": 1}})"),
            "pool.sise: unknown setting \"sise\"; did you mean \"size\"?");
  EXPECT_EQ(Problem("[]"), ": must be of type object");
}

TEST(ConfigSchema, FillsDefaultsAtEveryLevel) {
  const auto schema = json::Document::Parse(kSchema);
  const auto config = json::Document::Parse(R"({"path": "x", "ratio": 1.50})");

  EXPECT_EQ(WithDefaults(schema->root(), config->root()),
            R"({"path":"x","ratio":1.50,"mode":"safe","pool":{"size":4}})");
}

TEST(ConfigSchema, RefusesKeywordsThatItDoesNotUnderstand) {
  const auto problem = [](std::string_view text) {
    const auto schema = json::Document::Parse(text);
    const auto found = CheckSchema(schema->root());
    return found ? found->path + ": " + found->message : "";
  };

  EXPECT_EQ(problem(kSchema), "");
  EXPECT_EQ(problem(R"({"properties": {"a": {"format": "date"}}})"),
            "a: keyword \"format\" is not supported");
  EXPECT_EQ(problem(R"({"type": "string", "pattern": "("})"),
            ": \"pattern\" is no regular expression");
  EXPECT_EQ(problem(R"({"minimun": 1})"),
            ": keyword \"minimun\" is not supported; did you mean \"minimum\"?");
  EXPECT_EQ(problem(R"({"properties": {"a": {"type": "text"}}})").substr(0, 9), "a: \"type\"");
  EXPECT_EQ(problem(R"({"type": "integer", "default": "x"})"),
            ": the default does not follow the schema: must be of type integer");
}

TEST(DidYouMean, NeedsANearName) {
  const std::vector<std::string_view> known = {"plugin", "requires"};

  EXPECT_EQ(DidYouMean("plugn", known), "; did you mean \"plugin\"?");
  EXPECT_EQ(DidYouMean("banana", known), "");
}

}  // namespace
}  // namespace strata::host
