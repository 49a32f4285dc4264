// Any text as the query of a search ("Patient?name=a&_sort=-birthdate") over a small store:
// answered, or refused with the reason, strictly and leniently alike.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/form.h"
#include "plugins/data_fhir/search/search.h"
#include "tests/fhir_search/corpus.h"

namespace {

namespace search = strata::fhir::search;

void Require(bool condition) {
  if (!condition) std::abort();
}

search::Corpus& Store() {
  static search::Corpus& corpus = *[] {
    auto* made = new search::Corpus;  // lives as long as the program
    made->Put(
        R"({"resourceType":"Patient","id":"p","active":true,"birthDate":"1970-03","name":[{"family":)"
        R"("Müller","given":["A","b"]}],"identifier":[{"system":"urn:s","value":"1"}],"gender":)"
        R"("male","generalPractitioner":[{"reference":"Practitioner/d"}],"multipleBirthInteger":2})");
    made->Put(R"({"resourceType":"Practitioner","id":"d","name":[{"family":"Doe"}],"meta":{"tag":)"
              R"([{"system":"urn:t","code":"t"}]}})");
    made->Put(
        R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":)"
        R"("http://loinc.org","code":"1-8"}]},"subject":{"reference":"Patient/p"},)"
        R"("effectiveDateTime":"2020-02-29T12:00:00Z","valueQuantity":{"value":5.40,"unit":"mg",)"
        R"("system":"http://unitsofmeasure.org","code":"mg"}})");
    return made;
  }();
  return corpus;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t question = std::min(text.find('?'), text.size());
  const auto form = strata::web::ParseForm(text.substr(std::min(question + 1, text.size())));
  // Like the entrance, which lets no text through that is not UTF-8.
  const auto type = strata::web::PercentDecode(text.substr(0, question));
  if (!form.ok() || !type) return 0;
  strata::data::v1::SearchRequest request;
  request.set_type(*type);
  for (const auto& [name, value] : *form) {
    auto* parameter = request.add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  for (const auto handling :
       {strata::data::v1::HANDLING_STRICT, strata::data::v1::HANDLING_LENIENT}) {
    request.set_handling(handling);
    strata::fhir::layout::MapView view(Store().store(), Store().Moment());
    const auto page = search::Execute(view, request, {1'600'000'000'000'000, {}});
    if (!page.ok()) {
      Require(!page.status().message().empty());
      continue;
    }
    Require(page->matches.size() + page->included.size() <= Store().size() * 2);
    if (page->next.empty()) continue;
    // A position that a page gives is one that the search takes.
    Require(search::MomentOf(page->next).ok());
    static_cast<void>(search::Execute(view, request, {0, page->next}));
  }
  static_cast<void>(search::MomentOf(text));
  return 0;
}
