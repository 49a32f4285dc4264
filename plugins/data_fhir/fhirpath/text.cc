#include "plugins/data_fhir/fhirpath/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace strata::fhirpath {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// A letter of two bytes in UTF-8 to the other case: Latin-1, Greek, Cyrillic.
std::uint32_t ChangeCase(std::uint32_t c, bool upper) {
  struct Range {
    std::uint32_t first, last, distance;  // Of the capitals; small letters are further by distance.
  };
  static constexpr std::array<Range, 4> kRanges = {
      {{0xC0, 0xDE, 0x20}, {0x391, 0x3A9, 0x20}, {0x410, 0x42F, 0x20}, {0x400, 0x40F, 0x50}}};
  for (const Range& range : kRanges) {
    const std::uint32_t shift = upper ? range.distance : 0;
    if (c == 0xD7 || c == 0xF7) return c;
    if (c >= range.first + shift && c <= range.last + shift) {
      return upper ? c - range.distance : c + range.distance;
    }
  }
  if (c >= 0x100 && c <= 0x17F && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149) {
    const bool odd_is_small = c < 0x139 || c > 0x148;
    const bool small = ((c & 1) != 0) == (c >= 0x179 && c <= 0x17E ? false : odd_is_small);
    if (c == 0x178 || c == 0x17F) return c;
    return upper && small ? c - 1 : !upper && !small ? c + 1 : c;
  }
  return c;
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};

std::string EncodeBase64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      word = word << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out.push_back(k <= n ? alphabet[(word >> (18 - 6 * k)) & 63] : '=');
    }
  }
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text, std::string_view alphabet) {
  std::string out;
  std::uint32_t word = 0;
  int bits = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    word = (word << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>((word >> bits) & 0xFF));
  }
  return text.size() % 4 == 1 ? std::nullopt : std::optional(std::move(out));
}

std::optional<std::string> DecodeHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto digit = [&](std::size_t at) {
      const char c = text[at];
      return kHex.find(c >= 'A' && c <= 'F' ? static_cast<char>(c | 0x20) : c);
    };
    if (digit(i) == std::string_view::npos || digit(i + 1) == std::string_view::npos) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(digit(i) * 16 + digit(i + 1)));
  }
  return out;
}

bool IsAllowedTag(std::string_view tag) {
  static constexpr std::string_view kTags[] = {
      "a",    "abbr",  "acronym", "b",        "big", "blockquote", "br",    "caption",
      "cite", "code",  "col",     "colgroup", "dd",  "dfn",        "div",   "dl",
      "dt",   "em",    "h1",      "h2",       "h3",  "h4",         "h5",    "h6",
      "hr",   "i",     "img",     "li",       "ol",  "p",          "pre",   "q",
      "samp", "small", "span",    "strong",   "sub", "sup",        "table", "tbody",
      "td",   "tfoot", "th",      "thead",    "tr",  "tt",         "ul",    "var"};
  return std::find(std::begin(kTags), std::end(kTags), tag) != std::end(kTags);
}

}  // namespace

std::size_t CharacterCount(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::size_t ByteOffset(std::string_view text, std::size_t character) {
  std::size_t at = 0;
  for (; at < text.size() && character > 0; --character) {
    do {
      ++at;
    } while (at < text.size() && IsContinuation(text[at]));
  }
  return at;
}

std::string ChangeCase(std::string_view text, bool upper) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z')) {
      out[i] = static_cast<char>(c ^ 0x20);
    } else if ((static_cast<unsigned char>(c) & 0xE0) == 0xC0 && i + 1 < out.size()) {
      const std::uint32_t point = (static_cast<unsigned char>(c) & 0x1Fu) << 6 |
                                  (static_cast<unsigned char>(out[i + 1]) & 0x3Fu);
      const std::uint32_t changed = ChangeCase(point, upper);
      out[i] = static_cast<char>(0xC0 | changed >> 6);
      out[++i] = static_cast<char>(0x80 | (changed & 0x3F));
    }
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<Encoding> EncodingNamed(std::string_view name) {
  if (name == "hex") return Encoding::kHex;
  if (name == "base64") return Encoding::kBase64;
  if (name == "urlbase64") return Encoding::kUrlBase64;
  return std::nullopt;
}

std::string Encode(std::string_view bytes, Encoding encoding) {
  if (encoding == Encoding::kBase64) return EncodeBase64(bytes, kBase64);
  if (encoding == Encoding::kUrlBase64) return EncodeBase64(bytes, kUrlBase64);
  std::string out;
  for (char c : bytes) {
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::optional<std::string> Decode(std::string_view text, Encoding encoding) {
  if (encoding == Encoding::kHex) return DecodeHex(text);
  return DecodeBase64(text, encoding == Encoding::kBase64 ? kBase64 : kUrlBase64);
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto entity = std::find_if(kEntities.begin(), kEntities.end(),
                                     [&](const auto& known) { return known.second == c; });
    if (entity == kEntities.end()) {
      out.push_back(c);
    } else {
      out.append(entity->first);
    }
  }
  return out;
}

std::string UnescapeHtml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto entity = std::find_if(kEntities.begin(), kEntities.end(), [&](const auto& known) {
      return text.starts_with(known.first);
    });
    out.push_back(entity == kEntities.end() ? text.front() : entity->second);
    text.remove_prefix(entity == kEntities.end() ? 1 : entity->first.size());
  }
  return out;
}

std::optional<std::string> UnescapeJson(std::string_view text) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted.push_back('\\');  // A quote that was not escaped stands for itself.
    quoted.push_back(text[i]);
    if (text[i] == '\\' && i + 1 < text.size()) quoted.push_back(text[++i]);
  }
  const auto document = json::Document::Parse(quoted.append("\""));
  if (!document.ok() || !document->root().is_string()) return std::nullopt;
  return std::string(document->root().string());
}

bool IsNarrative(std::string_view xhtml) {
  std::vector<std::string_view> open;
  bool seen = false;
  xhtml = Trim(xhtml);
  if (!xhtml.starts_with("<div")) return false;
  while (!xhtml.empty()) {
    const std::size_t begin = xhtml.find('<');
    if (open.empty() && seen && begin != 0) return false;
    if (begin == std::string_view::npos) return false;
    xhtml.remove_prefix(begin + 1);
    if (xhtml.starts_with("!--")) {
      const std::size_t end = xhtml.find("-->");
      if (end == std::string_view::npos) return false;
      xhtml.remove_prefix(end + 3);
      continue;
    }
    const std::size_t end = xhtml.find('>');
    if (end == std::string_view::npos) return false;
    std::string_view tag = xhtml.substr(0, end);
    xhtml.remove_prefix(end + 1);
    const bool closing = tag.starts_with('/');
    const bool empty = tag.ends_with('/');
    const std::string_view name =
        tag.substr(closing ? 1 : 0, tag.find_first_of(" \t\r\n/", 1) - (closing ? 1 : 0));
    if (!IsAllowedTag(name) || tag.find(" on") != std::string_view::npos) return false;
    if (closing) {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    } else if (!empty) {
      open.push_back(name);
    }
    seen = true;
  }
  return open.empty() && seen;
}

}  // namespace strata::fhirpath
