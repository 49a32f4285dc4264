#pragma once

#include <string_view>

// Private to this folder: cutting the embedded tables into lines and fields without copying.
namespace strata::fhir::model {

// Cuts `text` at the first `separator`: returns what stands before it, leaves what follows.
inline std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

template <typename Visit>
void ForEach(std::string_view list, char separator, Visit visit) {
  while (!list.empty()) visit(Cut(list, separator));
}

}  // namespace strata::fhir::model
