#include "plugins/data_fhir/index/fold.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace strata::fhir::index {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

// Small letters that Unicode decomposition leaves alone, in UTF-8.
constexpr auto kBaseLetters = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"\u00e6", "ae"},
    {"\u00f0", "d"},
    {"\u00f8", "o"},
    {"\u00fe", "th"},
    {"\u0111", "d"},
    {"\u0127", "h"},
    {"\u0131", "i"},
    {"\u0142", "l"},
    {"\u0153", "oe"},
    {"\u0167", "t"},
    {"\u2018", "'"},
    {"\u2019", "'"},
});

std::string Map(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const utf8proc_ssize_t size = utf8proc_map(bytes, static_cast<utf8proc_ssize_t>(text.size()),
                                             &mapped, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)};
}

std::string WithBaseLetters(std::string text) {
  for (const auto& [letter, base] : kBaseLetters) {
    for (std::size_t at = text.find(letter); at != std::string::npos; at = text.find(letter, at)) {
      text.replace(at, letter.size(), base);
    }
  }
  return text;
}

std::string OneSpace(std::string_view text, bool keep_ends) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!IsSpace(c)) {
      out.push_back(c);
    } else if (out.empty() ? keep_ends : out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!keep_ends && !out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string FoldCase(std::string_view text) {
  if (!IsAscii(text)) return Map(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

std::string FoldText(std::string_view text, bool keep_ends) {
  if (IsAscii(text)) return OneSpace(FoldCase(text), keep_ends);
  constexpr int kOptions = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                           UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
  return OneSpace(WithBaseLetters(Map(text, kOptions)), keep_ends);
}

}  // namespace strata::fhir::index
