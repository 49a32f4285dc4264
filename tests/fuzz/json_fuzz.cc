// Any bytes as JSON: the parser, its values and the editors that splice bytes.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/json.h"
#include "core/base/json_edit.h"

namespace {

namespace json = strata::json;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Every value lies within its container and is valid JSON of the same type by itself.
void CheckValue(json::Value value, int depth) {
  Require(value.begin_offset() < value.end_offset());
  if (depth < 3) {
    const auto alone = json::Document::Parse(value.raw());
    Require(alone.ok() && alone->root().type() == value.type());
    Require(alone->root().string() == value.string());
  }
  std::size_t children = 0;
  for (const json::Member& member : value.members()) {
    Require(value.Get(member.name) == member.value);
    CheckValue(member.value, depth + 1);
    ++children;
  }
  for (const json::Value element : value.elements()) {
    CheckValue(element, depth + 1);
    ++children;
  }
  Require(children == value.size());
}

void CheckEditor(json::Value root) {
  json::Editor editor(root);
  editor.SetString("id", "x\"\\\x01");
  editor.In("meta").SetString("versionId", "2").Remove("lastUpdated");
  editor.Remove("a");
  const auto text = editor.Apply();
  if (!text.ok()) return;
  const auto edited = json::Document::Parse(*text);
  Require(edited.ok());
  Require(edited->root()["id"].string() == "x\"\\\x01");
  Require(edited->root()["meta"]["versionId"].string() == "2");
  Require(!edited->root()["a"]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = json::Document::Parse(text);
  if (!document.ok()) return 0;
  CheckValue(document->root(), 0);
  const std::string minified = json::Minify(text);
  const auto again = json::Document::Parse(minified);
  Require(again.ok() && minified.size() <= text.size());
  Require(json::Minify(minified) == minified);
  if (document->root().is_object()) CheckEditor(document->root());
  return 0;
}
