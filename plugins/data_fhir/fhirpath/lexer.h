#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

// Private to this folder: the tokens of FHIRPath (hl7.org/fhirpath/N1/grammar.html).
namespace strata::fhirpath {

enum class TokenKind : std::uint8_t {
  kIdentifier,  // Also keywords: div, and, is ... A delimited one has `quoted` set.
  kString,
  kNumber,
  kDate,      // text without the @
  kDateTime,  // text without the @
  kTime,      // text without the @T
  kSymbol,    // One of . ( ) [ ] { } , + - * / & | = ~ < > <= >= != !~ %
  kSpecial,   // $this, $index, $total
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool quoted = false;
  std::uint32_t position = 0;  // Byte offset in the expression.
  std::string text;            // Escapes resolved.
};

// INVALID_ARGUMENT with the position for anything that is no token.
Result<std::vector<Token>> Tokenize(std::string_view expression);

Status SyntaxError(std::string_view reason, std::size_t position);

}  // namespace strata::fhirpath
