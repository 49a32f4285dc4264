#include "plugins/data_fhir/index/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/fold.h"

namespace strata::fhir::index {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

void AppendUtf8(std::uint32_t c, std::string* out) {
  const auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      put(0xE0 | (c >> 12));
    } else {
      put(0xF0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3F));
    }
    put(0x80 | ((c >> 6) & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

// What stands between & and ;, as text; other names than these separate words.
void AppendReference(std::string_view name, std::string* out) {
  struct Named {
    std::string_view name;
    char character;
  };
  constexpr std::array<Named, 5> kNames = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  if (name.starts_with('#')) {
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    std::uint32_t c = 0;
    std::from_chars(name.data(), name.data() + name.size(), c, hex ? 16 : 10);
    const bool is_character = c != 0 && c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
    return AppendUtf8(is_character ? c : ' ', out);
  }
  for (const Named& each : kNames) {
    if (each.name == name) return out->push_back(each.character);
  }
  out->push_back(' ');
}

void AppendWords(std::string_view text, std::vector<std::string>* words) {
  std::vector<std::string> more = WordsOf(text);
  std::move(more.begin(), more.end(), std::back_inserter(*words));
}

void AppendContent(json::Value value, std::string_view name, std::vector<std::string>* words) {
  if (value.is_string()) {
    AppendWords(name == "div" ? TextOfMarkup(value.string()) : std::string(value.string()), words);
  } else if (value.is_number()) {
    AppendWords(value.lexeme(), words);
  }
  for (const json::Value element : value.elements()) AppendContent(element, name, words);
  for (const json::Member& member : value.members()) {
    if (member.name != "resourceType") AppendContent(member.value, member.name, words);
  }
}

}  // namespace

std::vector<std::string> WordsOf(std::string_view text) {
  const std::string folded = FoldText(text);
  std::vector<std::string> words;
  auto begin = folded.begin();
  while (true) {
    begin = std::find_if(begin, folded.end(), IsWordByte);
    if (begin == folded.end()) return words;
    const auto end = std::find_if_not(begin, folded.end(), IsWordByte);
    words.emplace_back(begin, end);
    if (words.back().size() > kMaxWordBytes) words.back().resize(kMaxWordBytes);
    begin = end;
  }
}

std::string TextOfMarkup(std::string_view markup) {
  constexpr std::size_t kLongestName = 12;
  std::string text;
  text.reserve(markup.size());
  for (std::size_t i = 0; i < markup.size(); ++i) {
    if (markup[i] == '<') {
      const std::size_t end = markup.find('>', i);
      if (end == std::string_view::npos) break;
      text.push_back(' ');
      i = end;
      continue;
    }
    const std::size_t end = markup[i] == '&' ? markup.find(';', i) : std::string_view::npos;
    if (end != std::string_view::npos && end - i <= kLongestName) {
      AppendReference(markup.substr(i + 1, end - i - 1), &text);
      i = end;
    } else {
      text.push_back(markup[i]);
    }
  }
  return text;
}

std::vector<std::string> NarrativeWords(json::Value resource) {
  const std::string_view div = resource["text"]["div"].string();
  return div.empty() ? std::vector<std::string>() : WordsOf(TextOfMarkup(div));
}

std::vector<std::string> ContentWords(json::Value resource) {
  std::vector<std::string> words;
  AppendContent(resource, {}, &words);
  return words;
}

std::string WordStart(std::string_view word) { return std::string(word.substr(0, kMaxWordBytes)); }

std::string WordValue(std::string_view word) {
  std::string value = WordStart(word);
  value.push_back('\0');
  return value;
}

void AddNarrative(json::Value resource, EntryList* out) {
  static const layout::ParameterNumber number = layout::ParameterNumberOf(kNarrativeCode);
  for (const std::string& word : NarrativeWords(resource)) out->Add(number, WordValue(word));
}

}  // namespace strata::fhir::index
