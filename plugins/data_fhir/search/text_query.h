#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::fhir::search {

// What _text and _content look for (FHIR R4 search.html#content): words and "phrases" joined by
// and, or, not and brackets; side by side they must all be there. `word*` is any word that begins
// so. Words are compared without case and accents.
struct TextQuery {
  enum class Kind : std::uint8_t { kWords, kAll, kAny, kNot };

  Kind kind = Kind::kWords;
  std::vector<std::string> words;  // kWords: side by side.
  bool prefix = false;             // The last word is only the beginning of one.
  std::vector<TextQuery> parts;    // kAll, kAny; the only one of kNot.

  // Whether a text with these words, in order, is looked for.
  bool Matches(const std::vector<std::string>& text) const;
};

// INVALID_ARGUMENT: no words, brackets or quotes that do not match, or too deep.
Result<TextQuery> ParseTextQuery(std::string_view text);

}  // namespace strata::fhir::search
