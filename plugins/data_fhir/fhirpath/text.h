#pragma once

#include <optional>
#include <string>
#include <string_view>

// Private to this folder: text by Unicode characters, and its encodings.
namespace strata::fhirpath {

std::size_t CharacterCount(std::string_view text);
// Byte offset of a character; the size of the text beyond its end.
std::size_t ByteOffset(std::string_view text, std::size_t character);
// Upper or lower case of Latin, Greek and Cyrillic letters; others stay.
std::string ChangeCase(std::string_view text, bool upper);
std::string_view Trim(std::string_view text);

enum class Encoding { kHex, kBase64, kUrlBase64 };
std::optional<Encoding> EncodingNamed(std::string_view name);
std::string Encode(std::string_view bytes, Encoding encoding);
std::optional<std::string> Decode(std::string_view text, Encoding encoding);

std::string EscapeHtml(std::string_view text);
std::string UnescapeHtml(std::string_view text);
std::optional<std::string> UnescapeJson(std::string_view text);

// Tags balanced and of the kinds a narrative may hold (R4 narrative.html#xhtml).
bool IsNarrative(std::string_view xhtml);

}  // namespace strata::fhirpath
