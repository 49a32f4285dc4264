// The strict parser behind json.h: one pass that writes nodes with their byte offsets. simdjson
// checks the UTF-8; its own document models keep neither lexemes nor offsets.

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/json.h"

namespace strata::json {
namespace {

using internal::Arena;
using internal::Node;

// The scanner reads eight bytes at a time and may look that far behind the end.
constexpr std::size_t kPadding = 16;
// Objects up to this size are checked for double names as they grow, longer ones when they end.
constexpr std::uint32_t kSmallObject = 32;

constexpr bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Non-zero when one of the eight bytes is a quote, a backslash or a control character.
std::uint64_t SpecialBytes(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const auto zero_byte = [](std::uint64_t w) { return (w - kOnes) & ~w & kHighs; };
  return zero_byte(word ^ (kOnes * '"')) | zero_byte(word ^ (kOnes * '\\')) |
         ((word - kOnes * 0x20) & ~word & kHighs);
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when it is malformed.
// Unicode 15, table 3-7.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | (point >> 6));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

// One pass over a padded text. The loop is explicit: depth costs stack frames of the arena, not of
// the thread.
class Scanner {
 public:
  Scanner(Arena& arena, const ParseOptions& options)
      : arena_(arena),
        max_depth_(options.max_depth),
        at_(arena.text.data()),
        end_(at_ + arena.size) {}

  Status Run() {
    if (!simdjson::validate_utf8(arena_.text.data(), arena_.size)) return Utf8Error();
    bool more = true;
    while (more) {
      if (!ScanValue() || !ScanAfterValue(more)) return Error();
    }
    return OkStatus();
  }

 private:
  const char* base() const { return arena_.text.data(); }
  std::uint32_t Offset(const char* p) const { return static_cast<std::uint32_t>(p - base()); }
  void SkipSpace() {
    while (IsSpace(*at_)) ++at_;
  }
  bool Fail(const char* reason) {
    reason_ = reason;
    return false;
  }

  Node& Push(Type type, const char* begin) {
    arena_.nodes.push_back(
        {Offset(begin), Offset(at_), 0, static_cast<std::uint32_t>(type) & 7, 0, 0});
    return arena_.nodes.back();
  }

  // Scans down to the next scalar or empty container.
  bool ScanValue() {
    while (true) {
      SkipSpace();
      const char* begin = at_;
      switch (*at_) {
        case '{':
        case '[':
          if (!Open()) return false;
          if (arena_.nodes[arena_.stack.back().node].type ==
              static_cast<std::uint32_t>(Type::kObject)) {
            if (*at_ == '}') return Close();
            if (!ScanName()) return false;
          } else if (*at_ == ']') {
            return Close();
          }
          continue;
        case '"':
          return ScanString();
        case 't':
          return ScanWord("true", Type::kTrue);
        case 'f':
          return ScanWord("false", Type::kFalse);
        case 'n':
          return ScanWord("null", Type::kNull);
        default:
          return ScanNumber(begin);
      }
    }
  }

  // Closes what ends here and stands before the next value, or at the end of the text.
  bool ScanAfterValue(bool& more) {
    while (true) {
      SkipSpace();
      if (arena_.stack.empty()) {
        more = false;
        return at_ == end_ || Fail("text after the value");
      }
      const bool object =
          arena_.nodes[arena_.stack.back().node].type == static_cast<std::uint32_t>(Type::kObject);
      if (*at_ == ',') {
        ++at_;
        return !object || ScanName();
      }
      if (*at_ != (object ? '}' : ']')) {
        return Fail(object ? "',' or '}' expected" : "',' or ']' expected");
      }
      if (!Close()) return false;
    }
  }

  bool Open() {
    if (arena_.stack.size() >= max_depth_) return Fail("nested too deep");
    const char* begin = at_++;
    arena_.stack.push_back({static_cast<std::uint32_t>(arena_.nodes.size()), 0});
    Push(*begin == '{' ? Type::kObject : Type::kArray, begin);
    SkipSpace();
    return true;
  }

  bool Close() {
    const std::uint32_t index = arena_.stack.back().node;
    Node& node = arena_.nodes[index];
    ++at_;
    node.end = Offset(at_);
    node.link = static_cast<std::uint32_t>(arena_.nodes.size());
    if (node.type == static_cast<std::uint32_t>(Type::kObject) && node.count > kSmallObject &&
        !NamesAreUnique(index)) {
      return false;
    }
    arena_.stack.pop_back();
    CountChild();
    return true;
  }

  void CountChild() {
    if (!arena_.stack.empty()) ++arena_.nodes[arena_.stack.back().node].count;
  }

  bool ScanName() {
    SkipSpace();
    if (*at_ != '"') return Fail("member name expected");
    const char* begin = at_;
    const auto index = static_cast<std::uint32_t>(arena_.nodes.size());
    if (!ScanText()) return false;
    if (!CheckName(index)) {
      at_ = begin;
      return false;
    }
    SkipSpace();
    if (*at_ != ':') return Fail("':' expected");
    ++at_;
    return true;
  }

  // Refuses a second member of one name while the object is small.
  bool CheckName(std::uint32_t index) {
    Arena::Frame& frame = arena_.stack.back();
    if (arena_.nodes[frame.node].count >= kSmallObject) return true;
    const std::string_view name = arena_.String(arena_.nodes[index]);
    const std::size_t hash = name.empty() ? 0
                                          : name.size() * 7 +
                                                static_cast<unsigned char>(name.front()) * 31u +
                                                static_cast<unsigned char>(name.back()) * 13u;
    const std::uint64_t bit = std::uint64_t{1} << (hash % 64);
    if ((frame.seen_names & bit) == 0) {
      frame.seen_names |= bit;
      return true;
    }
    for (std::uint32_t i = frame.node + 1; i < index; i = arena_.Next(i + 1)) {
      if (arena_.String(arena_.nodes[i]) == name) return Fail("member name used twice");
    }
    return true;
  }

  bool NamesAreUnique(std::uint32_t object) {
    arena_.names.clear();
    const auto end = static_cast<std::uint32_t>(arena_.nodes.size());
    for (std::uint32_t i = object + 1; i < end; i = arena_.Next(i + 1)) {
      arena_.names.push_back(arena_.String(arena_.nodes[i]));
    }
    std::sort(arena_.names.begin(), arena_.names.end());
    const bool unique =
        std::adjacent_find(arena_.names.begin(), arena_.names.end()) == arena_.names.end();
    if (!unique) at_ = base() + arena_.nodes[object].begin;
    return unique || Fail("object with a member name used twice");
  }

  bool ScanString() {
    if (!ScanText()) return false;
    CountChild();
    return true;
  }

  bool ScanText() {
    const char* begin = at_++;
    SkipPlain();
    if (*at_ == '\\') return ScanEscapedText(begin);
    if (*at_ != '"') return UnfinishedString();
    ++at_;
    Push(Type::kString, begin);
    return true;
  }

  // Stops at a quote, a backslash or a control character (the padding is one).
  void SkipPlain() {
    while (true) {
      std::uint64_t word;
      std::memcpy(&word, at_, sizeof word);
      if (SpecialBytes(word) != 0) break;
      at_ += sizeof word;
    }
    while (static_cast<unsigned char>(*at_) >= 0x20 && *at_ != '"' && *at_ != '\\') ++at_;
  }

  bool UnfinishedString() {
    return Fail(at_ >= end_ ? "string without end" : "control character in a string");
  }

  bool ScanEscapedText(const char* begin) {
    const std::size_t start = arena_.unescaped.size();
    arena_.unescaped.append(begin + 1, at_);
    while (*at_ != '"') {
      if (*at_ == '\\') {
        if (!ScanEscape()) return false;
        continue;
      }
      const char* plain = at_;
      SkipPlain();
      if (at_ == plain) return UnfinishedString();
      arena_.unescaped.append(plain, at_);
    }
    ++at_;
    Node& node = Push(Type::kString, begin);
    node.escaped = 1;
    node.link = static_cast<std::uint32_t>(start);
    node.count = static_cast<std::uint32_t>(arena_.unescaped.size() - start) & 0x0FFFFFFF;
    return true;
  }

  bool ScanEscape() {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = at_[1];
    if (letter == 'u') return ScanUnicodeEscape();
    const std::size_t i = kLetters.find(letter);
    if (i == std::string_view::npos) return Fail("unknown escape in a string");
    arena_.unescaped.push_back(kMeanings[i]);
    at_ += 2;
    return true;
  }

  bool ScanUnicodeEscape() {
    std::uint32_t point = 0;
    if (!ScanHex(point)) return Fail("four hexadecimal digits expected after \\u");
    if (point >= 0xD800 && point < 0xE000) {
      std::uint32_t low = 0;
      if (point >= 0xDC00 || *at_ != '\\' || at_[1] != 'u' || !ScanHex(low) || low < 0xDC00 ||
          low >= 0xE000) {
        return Fail("half of a surrogate pair in a string");
      }
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(point, arena_.unescaped);
    return true;
  }

  // Reads \uXXXX.
  bool ScanHex(std::uint32_t& value) {
    at_ += 2;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      const char lower = static_cast<char>(c | 0x20);
      if (IsDigit(c)) {
        value = value * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        return false;
      }
    }
    return true;
  }

  bool ScanWord(std::string_view word, Type type) {
    if (std::string_view(at_, word.size()) != word) return Fail("value expected");
    const char* begin = at_;
    at_ += word.size();
    Push(type, begin);
    CountChild();
    return true;
  }

  bool ScanNumber(const char* begin) {
    if (*at_ == '-') ++at_;
    if (!IsDigit(*at_)) return Fail(at_ >= end_ ? "value expected, text ends" : "value expected");
    if (*at_ == '0' && IsDigit(at_[1])) return Fail("number with a leading zero");
    SkipDigits();
    if (*at_ == '.') {
      ++at_;
      if (!SkipDigits()) return Fail("digit expected after the decimal point");
    }
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!SkipDigits()) return Fail("digit expected in the exponent");
    }
    Push(Type::kNumber, begin);
    CountChild();
    return true;
  }

  bool SkipDigits() {
    const char* begin = at_;
    while (IsDigit(*at_)) ++at_;
    return at_ != begin;
  }

  Status Utf8Error() {
    std::size_t offset = 0;
    const std::string_view text(base(), arena_.size);
    while (offset < text.size()) {
      const std::size_t length = Utf8Length(text.substr(offset));
      if (length == 0) break;
      offset += length;
    }
    at_ = base() + offset;
    Fail("not UTF-8");
    return Error();
  }

  Status Error() const {
    const char* at = std::min(at_, end_);
    const auto line = 1 + std::count(base(), at, '\n');
    return InvalidArgument("JSON: " + std::string(reason_) + " (line " + std::to_string(line) +
                           ", byte " + std::to_string(at - base()) + ")");
  }

  Arena& arena_;
  const std::size_t max_depth_;
  const char* at_;
  const char* const end_;
  const char* reason_ = "";
};

Status CheckSize(std::size_t size, const ParseOptions& options) {
  const std::size_t limit = std::min(options.max_bytes, ParseOptions::kMaxBytes);
  if (size <= limit) return OkStatus();
  return ResourceExhausted("JSON: text of " + std::to_string(size) +
                           " bytes is longer than the limit of " + std::to_string(limit));
}

Status ParseArena(Arena& arena, const ParseOptions& options) {
  arena.size = arena.text.size();
  arena.nodes.clear();
  arena.unescaped.clear();
  arena.stack.clear();
  arena.text.append(kPadding, '\0');
  Status status = Scanner(arena, options).Run();
  if (!status.ok()) arena.nodes.clear();
  return status;
}

}  // namespace

Result<Document> Document::Parse(std::string_view text, const ParseOptions& options) {
  STRATA_RETURN_IF_ERROR(CheckSize(text.size(), options));
  std::string copy;
  copy.reserve(text.size() + kPadding);
  return ParseOwned(std::move(copy.append(text)), options);
}

Result<Document> Document::ParseOwned(std::string&& text, const ParseOptions& options) {
  STRATA_RETURN_IF_ERROR(CheckSize(text.size(), options));
  Document document(std::make_unique<Arena>());
  document.arena_->text = std::move(text);
  document.arena_->nodes.reserve(document.arena_->text.size() / 24 + 8);
  STRATA_RETURN_IF_ERROR(ParseArena(*document.arena_, options));
  return document;
}

Parser::Parser(const ParseOptions& options)
    : options_(options), document_(std::make_unique<Arena>()) {}
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;
Parser::~Parser() = default;

Result<Value> Parser::Parse(std::string_view text) {
  document_.arena_->nodes.clear();
  STRATA_RETURN_IF_ERROR(CheckSize(text.size(), options_));
  document_.arena_->text.assign(text);
  STRATA_RETURN_IF_ERROR(ParseArena(*document_.arena_, options_));
  return document_.root();
}

}  // namespace strata::json
