#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"

// Percent-encoding (RFC 3986 section 2.1) and HTML forms (URL Standard,
// application/x-www-form-urlencoded). Pure functions over untrusted text; thread-safe.
namespace strata::web {

// In the order of the text; names may repeat and values may be empty.
using Parameters = std::vector<std::pair<std::string, std::string>>;

enum class Plus { kLiteral, kSpace };

// The decoded text, or nothing: a "%" without two hex digits, a NUL, or bytes that are no UTF-8.
std::optional<std::string> PercentDecode(std::string_view text, Plus plus = Plus::kLiteral);

// Appends `text` with everything encoded but RFC 3986's unreserved characters: safe as a path
// segment and as name or value of a query.
void AppendPercentEncoded(std::string_view text, std::string* out);

// "a=1&b=x%20y" as pairs; empty pieces ("&&") are skipped, "a" is {"a", ""}.
// INVALID_ARGUMENT: a piece does not decode (the message gives its number, not its text).
Result<Parameters> ParseForm(std::string_view text);

// Appends "name=value", with "&" before it unless `out` is empty or ends in "?" or "&".
void AppendParameter(std::string_view name, std::string_view value, std::string* out);

// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool IsUtf8(std::string_view text);

}  // namespace strata::web
