#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "plugins/data_fhir/index/entry_list.h"

// The words of texts, for _text and _content (FHIR R4 search.html#content): runs of letters and
// digits, without case and accents. Thread-safe.
namespace strata::fhir::index {

// Longer words are cut there.
inline constexpr std::size_t kMaxWordBytes = 32;
inline constexpr std::string_view kNarrativeCode = "_text";

// The words of a plain text, in order.
std::vector<std::string> WordsOf(std::string_view text);

// An XHTML text without its tags and with the characters that its references stand for.
std::string TextOfMarkup(std::string_view markup);

// The words of a resource's narrative, in order.
std::vector<std::string> NarrativeWords(json::Value resource);
// The words of everything a resource says: of each of its strings in turn, narratives included.
std::vector<std::string> ContentWords(json::Value resource);

// Index value of a word; WordStart: what all words that begin so have in common.
std::string WordValue(std::string_view word);
std::string WordStart(std::string_view word);

// The index values of `_text`.
void AddNarrative(json::Value resource, EntryList* out);

}  // namespace strata::fhir::index
