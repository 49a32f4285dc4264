// The FHIRPath suite for R4 of the HL7 FHIR test cases, see tests/fixtures/fhirpath-r4/ORIGIN.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/fhirpath/fhirpath.h"

namespace strata::fhirpath {
namespace {

const std::string kFolder = STRATA_FIXTURES "/fhirpath-r4/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string InputName(std::string_view name) {
  return std::string(name.substr(0, name.rfind('.'))) + ".json";
}

class Inputs {
 public:
  Item Get(std::string_view name) {
    if (name.empty()) return Item(ElementRef{});
    const std::string path = kFolder + "inputs/" + InputName(name);
    auto found = documents_.find(path);
    if (found == documents_.end()) {
      auto document = json::Document::Parse(ReadFile(path));
      EXPECT_TRUE(document.ok()) << path;
      found = documents_.emplace(path, *std::move(document)).first;
    }
    return Item::Resource(found->second.root());
  }

 private:
  std::map<std::string, json::Document> documents_;
};

std::string TypeOf(const Item& item) {
  std::string name(item.type_name().name);
  if (!item.is_element()) name[0] = static_cast<char>(name[0] | 0x20);
  return name;
}

std::string TextOf(const Item& item) {
  const Item system = ToSystem(item);
  const auto* temporal = system.As<Temporal>();
  const std::string text = ToText(item).value_or("?");
  if (temporal == nullptr) return text;
  return (temporal->kind == TemporalKind::kTime ? "@T" : "@") + text;
}

using Outputs = std::vector<std::pair<std::string, std::string>>;

Outputs Expected(json::Value test) {
  Outputs outputs;
  for (json::Value output : test["outputs"].elements()) {
    outputs.emplace_back(output["type"].string(), output["value"].string());
  }
  return outputs;
}

Outputs Actual(std::span<const Item> items, const Outputs& expected) {
  Outputs outputs;
  for (const Item& item : items) {
    const bool typed = outputs.size() >= expected.size() || !expected[outputs.size()].first.empty();
    outputs.emplace_back(typed ? TypeOf(item) : "", TextOf(item));
  }
  return outputs;
}

std::string Describe(const Outputs& outputs) {
  std::string text;
  for (const auto& [type, value] : outputs) text += " " + type + ":" + value;
  return text.empty() ? " nothing" : text;
}

// Empty when the case is met, else what happened instead.
std::string MissOf(json::Value test, Inputs& inputs) {
  const bool invalid = bool(test["invalid"]);
  const auto expression = Expression::Compile(test["expression"].string());
  if (!expression.ok()) return invalid ? "" : expression.status().message();
  const Item input = inputs.Get(test["inputfile"].string());
  if (test["mode"].string() == "strict") {
    const Status status = expression->Check(*input.fhir_type());
    if (!status.ok()) return invalid ? "" : status.message();
  }
  Evaluator evaluator;
  const auto result = evaluator.Evaluate(*expression, input);
  if (!result.ok()) return invalid ? "" : result.status().message();
  Outputs expected = Expected(test);
  Outputs actual = Actual(*result, expected);
  if (invalid) return "no error but" + Describe(actual);
  if (test["ordered"].string() == "false") {
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
  }
  return expected == actual ? "" : "got" + Describe(actual);
}

std::map<std::string, std::string> KnownMisses() {
  std::map<std::string, std::string> misses;
  std::ifstream file(kFolder + "known-misses.tsv");
  for (std::string line; std::getline(file, line);) {
    misses.emplace(line.substr(0, line.find('\t')), line);
  }
  return misses;
}

TEST(FhirPathSuite, MeetsTheCasesExceptTheKnownMisses) {
  const std::map<std::string, std::string> known = KnownMisses();
  Inputs inputs;
  std::map<std::string, std::pair<int, int>> groups;
  int passed = 0;
  int total = 0;
  std::ifstream file(kFolder + "tests.ndjson");
  for (std::string line; std::getline(file, line);) {
    const auto document = json::Document::Parse(line);
    ASSERT_TRUE(document.ok());
    const json::Value test = document->root();
    const std::string name(test["name"].string());

    const std::string miss = MissOf(test, inputs);

    auto& group = groups[std::string(test["group"].string())];
    ++group.second;
    ++total;
    if (miss.empty()) {
      ++group.first;
      ++passed;
      EXPECT_EQ(known.count(name), 0u) << name << " is met: take it off known-misses.tsv";
    } else {
      EXPECT_EQ(known.count(name), 1u)
          << name << ": " << test["expression"].string() << "\n  wanted" << Describe(Expected(test))
          << "\n  " << miss;
    }
  }
  for (const auto& [name, counts] : groups) {
    std::printf("%-32s %3d of %3d\n", name.c_str(), counts.first, counts.second);
  }
  std::printf("all: %d of %d\n", passed, total);
  EXPECT_EQ(total, 553);
  EXPECT_GE(passed * 100, total * 98);
}

}  // namespace
}  // namespace strata::fhirpath
