#include "core/base/json_writer.h"

#include <cstdint>
#include <cstring>

namespace strata::json {
namespace {

void AppendEscape(unsigned char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      out.append("\\u00");
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
  }
}

constexpr std::uint64_t kEach = ~std::uint64_t{0} / 255;  // 01 in each of eight bytes

// Some high bit of the bytes that are below `n` (at most 80) is set; of the others none.
constexpr std::uint64_t Below(std::uint64_t bytes, unsigned n) {
  return (bytes - kEach * n) & ~bytes & (kEach * 0x80);
}

bool NeedsEscape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// The first byte from `at` on that is not written as it is; the size of the text when all are.
std::size_t FindEscape(std::string_view text, std::size_t at) {
  for (std::uint64_t bytes = 0; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    if ((Below(bytes, 0x20) | Below(bytes ^ kEach * '"', 1) | Below(bytes ^ kEach * '\\', 1)) !=
        0) {
      break;
    }
  }
  while (at < text.size() && !NeedsEscape(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

}  // namespace

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (std::size_t plain = 0; plain < text.size();) {
    const std::size_t escape = FindEscape(text, plain);
    out->append(text.substr(plain, escape - plain));
    if (escape < text.size()) AppendEscape(static_cast<unsigned char>(text[escape]), *out);
    plain = escape + 1;
  }
  out->push_back('"');
}

std::string Quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendQuoted(text, &out);
  return out;
}

Writer& Writer::Key(std::string_view name) {
  Separate();
  AppendQuoted(name, out_);
  out_->push_back(':');
  needs_comma_ = false;
  return *this;
}

Writer& Writer::String(std::string_view text) {
  Separate();
  AppendQuoted(text, out_);
  return *this;
}

Writer& Writer::Int(std::int64_t value) { return Raw(std::to_string(value)); }

Writer& Writer::Raw(std::string_view json) {
  Separate();
  out_->append(json);
  return *this;
}

Writer& Writer::Begin(char bracket) {
  Separate();
  out_->push_back(bracket);
  needs_comma_ = false;
  return *this;
}

Writer& Writer::End(char bracket) {
  out_->push_back(bracket);
  needs_comma_ = true;
  return *this;
}

}  // namespace strata::json
