#pragma once

#include <optional>
#include <string>
#include <string_view>

// base64url without padding (RFC 4648 section 5): bytes as text that needs no escaping in a URL.
// Pure functions; thread-safe.
namespace strata::base {

std::string ToBase64Url(std::string_view bytes);

// Nothing for a text that ToBase64Url does not make: other characters, padding, bits that are left
// over (section 3.5), so that no two texts stand for the same bytes.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace strata::base
