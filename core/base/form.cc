#include "core/base/form.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace strata::web {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<bool, 256> MakeUnreserved() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kUnreserved = MakeUnreserved();

// Bytes of the sequence that `text` starts with, 0 if it is malformed (RFC 3629 section 4).
std::size_t Utf8Sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if ((lead & 0xF0) == 0xE0) {
    const bool ok = tail(1) && tail(2) && !(lead == 0xE0 && byte(1) < 0xA0) &&
                    !(lead == 0xED && byte(1) > 0x9F);
    return ok ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool ok = tail(1) && tail(2) && tail(3) && !(lead == 0xF0 && byte(1) < 0x90) &&
                    !(lead == 0xF4 && byte(1) > 0x8F);
    return ok ? 4 : 0;
  }
  return 0;
}

bool IsLiteral(std::string_view text, Plus plus) {
  return text.find('%') == std::string_view::npos && text.find('\0') == std::string_view::npos &&
         (plus != Plus::kSpace || text.find('+') == std::string_view::npos);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t eight = 0;
    if (text.size() >= sizeof(eight)) {
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & 0x8080808080808080U) == 0) {
        text.remove_prefix(sizeof(eight));
        continue;
      }
    }
    const std::size_t size = Utf8Sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::optional<std::string> PercentDecode(std::string_view text, Plus plus) {
  if (IsLiteral(text, plus)) {
    return IsUtf8(text) ? std::optional<std::string>(text) : std::nullopt;
  }
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  if (!IsUtf8(out)) return std::nullopt;
  return out;
}

void AppendPercentEncoded(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved[byte]) {
      out->push_back(c);
    } else {
      out->push_back('%');
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
}

Result<Parameters> ParseForm(std::string_view text) {
  Parameters out;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (piece.empty()) continue;
    ++number;
    const std::size_t equals = piece.find('=');
    auto name = PercentDecode(piece.substr(0, equals), Plus::kSpace);
    auto value = equals == std::string_view::npos
                     ? std::string()
                     : PercentDecode(piece.substr(equals + 1), Plus::kSpace);
    if (!name || !value) {
      return InvalidArgument("parameter number " + std::to_string(number) +
                             " is not percent-encoded UTF-8");
    }
    out.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

void AppendParameter(std::string_view name, std::string_view value, std::string* out) {
  if (!out->empty() && out->back() != '?' && out->back() != '&') out->push_back('&');
  AppendPercentEncoded(name, out);
  out->push_back('=');
  AppendPercentEncoded(value, out);
}

}  // namespace strata::web
