// Prints what JSON parsing and FHIRPath evaluation cost: fhirpath_bench [rounds]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "plugins/data_fhir/fhirpath/fhirpath.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhirpath {
namespace {

std::string ReadInput(const char* name) {
  std::ifstream file(std::string(STRATA_FIXTURES "/fhirpath-r4/inputs/") + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Nanoseconds of one call of `run`.
template <typename Run>
double Time(int rounds, Run run) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) run();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / rounds;
}

void TimeParsing(const char* name, int rounds) {
  const std::string text = ReadInput(name);
  json::Parser parser;
  std::size_t members = 0;
  const double nanos = Time(rounds, [&] { members += parser.Parse(text)->size(); });
  std::printf("%8.0f ns  parse %s: %zu bytes, %.0f MB/s (%zu)\n", nanos, name, text.size(),
              static_cast<double>(text.size()) * 1000 / nanos, members);
}

void TimeExpression(const char* name, const char* text, int rounds) {
  const std::string input = ReadInput(name);
  const auto document = json::Document::Parse(input);
  const auto expression = Expression::Compile(text);
  const Item resource = Item::Resource(document->root());
  Evaluator evaluator;
  std::size_t items = 0;
  const double nanos =
      Time(rounds, [&] { items += evaluator.Evaluate(*expression, resource)->size(); });
  std::printf("%8.0f ns  %s (%zu)\n", nanos, text, items / static_cast<std::size_t>(rounds));
}

// Every search parameter of the type, as an index of the resource needs it.
void TimeIndex(const char* name, int rounds) {
  const std::string input = ReadInput(name);
  const auto document = json::Document::Parse(input);
  const Item resource = Item::Resource(document->root());
  std::vector<Expression> expressions;
  for (const auto* parameter : fhir::model::R4Search().ForType(resource.type_name().name)) {
    if (parameter->expression.empty()) continue;
    expressions.push_back(*Expression::CompileFor(parameter->expression, *resource.fhir_type()));
  }
  Evaluator evaluator;
  const double nanos = Time(rounds, [&] {
    for (const Expression& expression : expressions) {
      static_cast<void>(evaluator.Evaluate(expression, resource));
    }
  });
  std::printf("%8.0f ns  all %zu search parameters of %s\n", nanos, expressions.size(), name);
}

}  // namespace
}  // namespace strata::fhirpath

int main(int argc, char** argv) {
  using namespace strata::fhirpath;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20000;
  TimeParsing("patient-example.json", rounds);
  TimeParsing("observation-example.json", rounds);
  TimeExpression("observation-example.json", "Observation.code", rounds);
  TimeExpression("observation-example.json", "Observation.code.coding", rounds);
  TimeExpression("observation-example.json", "(Observation.value as Quantity)", rounds);
  TimeExpression("observation-example.json", "Observation.subject.where(resolve() is Patient)",
                 rounds);
  TimeExpression("patient-example.json", "Patient.name.given | Patient.name.family", rounds);
  TimeExpression("patient-example.json", "Patient.telecom.where(system = 'phone')", rounds);
  TimeIndex("observation-example.json", rounds / 10);
  TimeIndex("patient-example.json", rounds / 10);
}
