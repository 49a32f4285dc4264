#include "plugins/data_fhir/terminology/source.h"

#include <algorithm>

namespace strata::fhir::terminology {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes a run of digits, or one other character.
std::string_view TakePiece(std::string_view* text) {
  std::size_t size = 1;
  if (IsDigit(text->front())) {
    while (size < text->size() && IsDigit((*text)[size])) ++size;
  }
  const std::string_view piece = text->substr(0, size);
  text->remove_prefix(size);
  return piece;
}

std::string_view WithoutZeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

}  // namespace

Canonical ParseCanonical(std::string_view text) {
  const std::size_t bar = text.find('|');
  if (bar == std::string_view::npos) return {text, {}};
  return {text.substr(0, bar), text.substr(bar + 1)};
}

bool IsOlderVersion(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    std::string_view x = TakePiece(&a);
    std::string_view y = TakePiece(&b);
    if (IsDigit(x.front()) && IsDigit(y.front())) {
      x = WithoutZeros(x);
      y = WithoutZeros(y);
      if (x.size() != y.size()) return x.size() < y.size();
    }
    if (x != y) return x < y;
  }
  return a.empty() && !b.empty();
}

}  // namespace strata::fhir::terminology
