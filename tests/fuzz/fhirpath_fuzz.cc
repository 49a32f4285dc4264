// Any text as a FHIRPath expression, compiled, checked and evaluated on resources with all kinds of
// values. Whatever it is, it ends soon.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/data_fhir/fhirpath/fhirpath.h"

namespace {

namespace json = strata::json;
using strata::fhirpath::EvaluationLimits;
using strata::fhirpath::Evaluator;
using strata::fhirpath::Expression;
using strata::fhirpath::Item;

const json::Document& Resource(std::string_view text) {
  // Lives as long as the program, as items refer to it.
  return *new json::Document(*json::Document::Parse(text));
}

const json::Document& Observation() {
  static const json::Document& document = Resource(
      R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":)"
      R"("http://loinc.org","code":"1-8","display":"a"},{"code":"b"}],"text":"é"},"subject":)"
      R"({"reference":"Patient/1"},"effectiveDateTime":"2020-02-29T23:59:60.123+14:00",)"
      R"("valueQuantity":{"value":1.10,"unit":"mg","system":"http://unitsofmeasure.org",)"
      R"("code":"mg"},"component":[{"valueInteger":3},{"valueString":"x"}],"contained":)"
      R"([{"resourceType":"Patient","id":"p","_birthDate":{"extension":[{"url":"u",)"
      R"("valueBoolean":true}]},"name":[{"given":["a",null],"_given":[null,{"id":"i"}]}]}]})");
  return document;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = Expression::Compile(text);
  if (!expression.ok()) {
    if (expression.status().message().empty()) std::abort();
    return 0;
  }
  static const auto* const type = strata::fhir::model::R4().FindResource("Observation");
  static_cast<void>(expression->Check(*type));
  const Item item = Item::Resource(Observation().root());
  Evaluator evaluator({}, EvaluationLimits{20'000, 2'000, 1 << 16});
  if (const auto items = evaluator.Evaluate(*expression, item); items.ok()) {
    for (const Item& each : *items) static_cast<void>(ToText(each));
  }
  const auto for_type = Expression::CompileFor(text, *type);
  if (for_type.ok()) static_cast<void>(evaluator.Evaluate(*for_type, item));
  return 0;
}
