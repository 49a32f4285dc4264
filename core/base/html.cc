#include "core/base/html.h"

namespace strata::web {
namespace {

// Control characters are no HTML text (HTML 13.2.3.5).
bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// What stands for a character that cannot stand for itself; empty where it can.
std::string_view Escape(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return IsControl(c) ? "\xEF\xBF\xBD" : "";  // U+FFFD: show that there was one.
  }
}

}  // namespace

Html Html::Text(std::string_view text) {
  Html html;
  html.Put(text);
  return html;
}

void Html::Put(std::string_view text) {
  for (const char c : text) {
    const std::string_view escaped = Escape(c);
    if (escaped.empty()) {
      out_.push_back(c);
    } else {
      out_.append(escaped);
    }
  }
}

}  // namespace strata::web
