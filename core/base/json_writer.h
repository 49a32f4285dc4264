#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::json {

// Appends `text` (UTF-8) as a JSON string, with quotes. Escapes only what RFC 8259 asks for.
void AppendQuoted(std::string_view text, std::string* out);
std::string Quoted(std::string_view text);

// Builds JSON by appending to a string: commas, quotes and escapes are its business, the order of
// calls is the caller's (a key before each value of an object). Never fails, never reads back.
// Single-threaded; the string outlives the writer.
//
//   json::Writer w(&text);
//   w.BeginObject().Key("resourceType").String("Bundle").Key("total").Int(3).EndObject();
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  Writer& BeginObject() { return Begin('{'); }
  Writer& EndObject() { return End('}'); }
  Writer& BeginArray() { return Begin('['); }
  Writer& EndArray() { return End(']'); }
  Writer& Key(std::string_view name);
  Writer& String(std::string_view text);
  Writer& Int(std::int64_t value);
  Writer& Bool(bool value) { return Raw(value ? "true" : "false"); }
  Writer& Null() { return Raw("null"); }
  // One JSON value as it stands (a stored resource, a number's lexeme). Not checked.
  Writer& Raw(std::string_view json);

  // Key and value in one call.
  Writer& Field(std::string_view name, std::string_view text) { return Key(name).String(text); }

 private:
  Writer& Begin(char bracket);
  Writer& End(char bracket);
  void Separate() {
    if (needs_comma_) out_->push_back(',');
    needs_comma_ = true;
  }

  std::string* out_;
  bool needs_comma_ = false;
};

}  // namespace strata::json
