#include "plugins/data_fhir/fhirpath/lexer.h"

#include <array>

namespace strata::fhirpath {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | (point >> 6));
  } else {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Status Run(std::vector<Token>& tokens) {
    while (true) {
      STRATA_RETURN_IF_ERROR(SkipSpace());
      Token token;
      token.position = static_cast<std::uint32_t>(at_);
      if (at_ < text_.size()) STRATA_RETURN_IF_ERROR(Read(token));
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::kEnd) return OkStatus();
    }
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Status SkipSpace() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return SyntaxError("comment without end", at_);
        at_ = end + 2;
      } else {
        break;
      }
    }
    return OkStatus();
  }

  Status Read(Token& token) {
    const char c = Peek();
    if (IsLetter(c)) return ReadWord(token, TokenKind::kIdentifier);
    if (IsDigit(c)) return ReadNumber(token);
    if (c == '\'') return ReadQuoted(token, '\'', TokenKind::kString);
    if (c == '`') return ReadQuoted(token, '`', TokenKind::kIdentifier);
    if (c == '"') return ReadQuoted(token, '"', TokenKind::kIdentifier);
    if (c == '@') return ReadTemporal(token);
    if (c == '$') return ReadSpecial(token);
    return ReadSymbol(token);
  }

  Status ReadWord(Token& token, TokenKind kind) {
    const std::size_t begin = at_;
    while (IsLetter(Peek()) || IsDigit(Peek())) ++at_;
    token.kind = kind;
    token.text = text_.substr(begin, at_ - begin);
    return OkStatus();
  }

  Status ReadSpecial(Token& token) {
    ++at_;
    return ReadWord(token, TokenKind::kSpecial);
  }

  Status ReadNumber(Token& token) {
    const std::size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    token.kind = TokenKind::kNumber;
    token.text = text_.substr(begin, at_ - begin);
    return OkStatus();
  }

  Status ReadQuoted(Token& token, char quote, TokenKind kind) {
    const std::size_t begin = at_++;
    token.kind = kind;
    token.quoted = true;
    while (Peek() != quote) {
      if (at_ >= text_.size()) return SyntaxError("text without end", begin);
      if (Peek() == '\\') {
        STRATA_RETURN_IF_ERROR(ReadEscape(token.text));
      } else {
        token.text.push_back(text_[at_++]);
      }
    }
    ++at_;
    return OkStatus();
  }

  Status ReadEscape(std::string& out) {
    static constexpr std::string_view kLetters = "'\"`\\/frnt";
    static constexpr std::string_view kMeanings = "'\"`\\/\f\r\n\t";
    const char letter = Peek(1);
    if (letter == 'u') return ReadUnicode(out);
    const std::size_t i = kLetters.find(letter);
    if (letter == '\0' || i == std::string_view::npos) return SyntaxError("unknown escape", at_);
    out.push_back(kMeanings[i]);
    at_ += 2;
    return OkStatus();
  }

  Status ReadUnicode(std::string& out) {
    std::uint32_t point = 0;
    for (std::size_t i = 2; i < 6; ++i) {
      const char c = Peek(i);
      const char lower = static_cast<char>(c | 0x20);
      if (!IsDigit(c) && (lower < 'a' || lower > 'f')) {
        return SyntaxError("four hexadecimal digits expected", at_);
      }
      point = point * 16 + static_cast<std::uint32_t>(IsDigit(c) ? c - '0' : lower - 'a' + 10);
    }
    if (point >= 0xD800 && point < 0xE000) return SyntaxError("surrogate in a text", at_);
    AppendUtf8(point, out);
    at_ += 6;
    return OkStatus();
  }

  // The characters only; Temporal::Parse decides whether they are a day or a time.
  Status ReadTemporal(Token& token) {
    ++at_;
    const std::size_t begin = at_;
    token.kind = TokenKind::kDate;
    while (IsDigit(Peek()) || (Peek() == '-' && IsDigit(Peek(1)))) ++at_;
    if (Peek() == 'T') {
      token.kind = at_ == begin ? TokenKind::kTime : TokenKind::kDateTime;
      ++at_;
      TakeClock();
    }
    token.text = text_.substr(begin, at_ - begin);
    if (token.kind == TokenKind::kTime) token.text.erase(0, 1);
    return OkStatus();
  }

  void TakeClock() {
    const auto take_digits = [&] {
      while (IsDigit(Peek())) ++at_;
    };
    take_digits();
    while ((Peek() == ':' || Peek() == '.') && IsDigit(Peek(1))) {
      ++at_;
      take_digits();
    }
    if (Peek() == 'Z') {
      ++at_;
    } else if ((Peek() == '+' || Peek() == '-') && IsDigit(Peek(1)) && IsDigit(Peek(2)) &&
               Peek(3) == ':') {
      at_ += 4;
      take_digits();
    }
  }

  Status ReadSymbol(Token& token) {
    static constexpr std::array<std::string_view, 23> kSymbols = {
        "<=", ">=", "!=", "!~", ".", "(", ")", "[", "]", "{", "}", ",",
        "+",  "-",  "*",  "/",  "&", "|", "=", "~", "<", ">", "%"};
    for (std::string_view symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      token.kind = TokenKind::kSymbol;
      token.text = symbol;
      at_ += symbol.size();
      return OkStatus();
    }
    return SyntaxError("unexpected character", at_);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view expression) {
  std::vector<Token> tokens;
  STRATA_RETURN_IF_ERROR(Lexer(expression).Run(tokens));
  return tokens;
}

Status SyntaxError(std::string_view reason, std::size_t position) {
  return InvalidArgument("FHIRPath: " + std::string(reason) + " (position " +
                         std::to_string(position) + ")");
}

}  // namespace strata::fhirpath
