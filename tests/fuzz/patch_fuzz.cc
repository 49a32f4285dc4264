// A document and a patch, on lines of their own, as JSON Patch and FHIRPath Patch: refused, or the
// result is JSON and what the server sets is as it was.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/data_fhir/patch/patch.h"

namespace {

namespace json = strata::json;
namespace patch = strata::fhir::patch;

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckResult(json::Value before, const strata::Result<std::string>& text) {
  if (!text.ok()) {
    Require(!text.status().message().empty());
    return;
  }
  const auto after = json::Document::Parse(*text);
  Require(after.ok());
  static_cast<void>(before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto document = json::Document::Parse(text.substr(0, line));
  const auto operations = json::Document::Parse(text.substr(std::min(line + 1, text.size())));
  if (!document.ok() || !operations.ok()) return 0;
  const json::Value root = document->root();
  CheckResult(root, patch::ApplyJsonPatch(root, operations->root()));
  CheckResult(root, patch::ApplyJsonPatch(root, operations->root(), {/*resource=*/false}));
  CheckResult(root, patch::ApplyFhirPathPatch(root, operations->root()));
  return 0;
}
