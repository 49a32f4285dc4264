#include "core/base/html.h"

namespace strata::web {

Html Html::Text(std::string_view text) {
  Html html;
  html.Put(text);
  return html;
}

void Html::Put(std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out_ += "&amp;";
        break;
      case '<':
        out_ += "&lt;";
        break;
      case '>':
        out_ += "&gt;";
        break;
      case '"':
        out_ += "&quot;";
        break;
      case '\'':
        out_ += "&#39;";
        break;
      default: {
        // Control characters are no HTML text (HTML 13.2.3.5): show that there was one.
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
        if (control) {
          out_ += "\xEF\xBF\xBD";
        } else {
          out_.push_back(c);
        }
      }
    }
  }
}

}  // namespace strata::web
