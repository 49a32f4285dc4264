#include "plugins/data_fhir/search/text.h"

#include <utility>

namespace strata::fhir::search {
namespace {

std::string_view CutAt(std::string_view* text, char separator) {
  const std::size_t at = text->find(separator);
  const std::string_view head = text->substr(0, at);
  *text = at == std::string_view::npos ? std::string_view() : text->substr(at + 1);
  return head;
}

}  // namespace

std::vector<std::string_view> SplitEscaped(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == separator) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() &&
                        std::string_view(",|$\\").find(text[i + 1]) != std::string_view::npos;
    out.push_back(text[escape ? ++i : i]);
  }
  return out;
}

ParameterName ParseName(std::string_view name) {
  ParameterName parsed;
  parsed.code = CutAt(&name, '.');
  parsed.chain = name;
  parsed.modifier = parsed.code;
  parsed.code = CutAt(&parsed.modifier, ':');
  return parsed;
}

HasName ParseHas(std::string_view name) {
  if (CutAt(&name, ':') != "_has") return {};
  HasName has;
  has.type = CutAt(&name, ':');
  has.reference = CutAt(&name, ':');
  has.rest = name;
  if (has.type.empty() || has.reference.empty() || has.rest.empty()) return {};
  return has;
}

}  // namespace strata::fhir::search
