#include "core/gateway/http_head.h"

#include <array>
#include <cstring>

namespace strata::gateway {
namespace {

constexpr std::uint8_t kTokenChar = 1;   // RFC 9110 section 5.6.2
constexpr std::uint8_t kValueChar = 2;   // RFC 9110 section 5.5, obs-text included
constexpr std::uint8_t kTargetChar = 4;  // visible ASCII without "#" and quotes (RFC 3986)
constexpr std::uint8_t kHexDigit = 8;

constexpr std::array<std::uint8_t, 256> MakeClasses() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    std::uint8_t bits = 0;
    if (alnum ||
        std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos) {
      bits |= kTokenChar;
    }
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kValueChar;
    if (c > 0x20 && c < 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\') {
      bits |= kTargetChar;
    }
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      bits |= kHexDigit;
    }
    classes[c] = bits;
  }
  return classes;
}

constexpr std::array<std::uint8_t, 256> kClasses = MakeClasses();

bool Is(char c, std::uint8_t bits) { return (kClasses[static_cast<unsigned char>(c)] & bits) != 0; }

bool AllAre(std::string_view s, std::uint8_t bits) {
  for (const char c : s) {
    if (!Is(c, bits)) return false;
  }
  return true;
}

constexpr HeadResult kOk{HeadState::kComplete, 0, {}};
constexpr HeadResult kWait{HeadState::kIncomplete, 0, {}};

HeadResult Refuse(int status, std::string_view reason) {
  return {HeadState::kRefused, status, reason};
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool ValidPercents(std::string_view s) {
  for (std::size_t i = s.find('%'); i != std::string_view::npos; i = s.find('%', i + 1)) {
    if (s.size() - i < 3 || !Is(s[i + 1], kHexDigit) || !Is(s[i + 2], kHexDigit)) return false;
  }
  return true;
}

// "." and "..", plain or encoded: clients remove them (RFC 3986 section 5.2.4); one that arrives
// wants to be matched to one route and served from another.
bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    std::string_view segment = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    std::size_t dots = 0;
    while (!segment.empty()) {
      if (segment.front() == '.') {
        segment.remove_prefix(1);
      } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' &&
                 Lower(segment[2]) == 'e') {
        segment.remove_prefix(3);
      } else {
        break;
      }
      ++dots;
    }
    if (segment.empty() && (dots == 1 || dots == 2)) return true;
  }
  return false;
}

HeadResult ParseTarget(std::string_view target, RequestHead* out) {
  if (!AllAre(target, kTargetChar) || !ValidPercents(target)) {
    return Refuse(400, "The request target contains characters that are not allowed.");
  }
  if (target.starts_with("http://") || target.starts_with("https://")) {
    target.remove_prefix(target.find("//") + 2);
    const std::size_t end = target.find_first_of("/?");
    out->authority = target.substr(0, end);
    target = end == std::string_view::npos ? std::string_view("/") : target.substr(end);
    if (out->authority.empty() || target.front() == '?') {
      return Refuse(400, "The request target is incomplete.");
    }
  }
  if (target == "*" && out->method == "OPTIONS") {
    out->path = target;
    return kOk;
  }
  if (target.empty() || target.front() != '/') {
    return Refuse(400, "The request target must start with a slash.");
  }
  const std::size_t question = target.find('?');
  out->path = target.substr(0, question);
  if (question != std::string_view::npos) out->query = target.substr(question + 1);
  if (HasDotSegment(out->path)) return Refuse(400, "The path contains dot segments.");
  return kOk;
}

HeadResult ParseVersion(std::string_view version, RequestHead* out) {
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
    return Refuse(400, "The request line is malformed.");
  }
  if (version == "HTTP/1.1") return kOk;
  out->http_1_0 = version == "HTTP/1.0";
  out->keep_alive = false;
  return out->http_1_0 ? kOk : Refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
}

HeadResult ParseRequestLine(std::string_view line, RequestHead* out) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Refuse(400, "The request line is malformed.");
  }
  out->method = line.substr(0, first);
  if (!IsToken(out->method) || out->method.size() > 32) {
    return Refuse(400, "The request method is malformed.");
  }
  const HeadResult version = ParseVersion(line.substr(last + 1), out);
  if (version.state != HeadState::kComplete) return version;
  if (out->method == "CONNECT" || out->method == "TRACE") {
    return Refuse(501, "This method is not offered.");
  }
  return ParseTarget(line.substr(first + 1, last - first - 1), out);
}

// One line "name: value"; the name is lower-cased in place.
HeadResult ParseHeaderLine(char* line, std::size_t size, RequestHead* out) {
  const char* colon = static_cast<const char*>(std::memchr(line, ':', size));
  if (colon == nullptr) return Refuse(400, "A header line has no colon.");
  const auto name_size = static_cast<std::size_t>(colon - line);
  // A blank before the colon or a folded line (RFC 9112 section 5.1, 5.2) is no token either.
  if (!IsToken({line, name_size})) return Refuse(400, "A header name is malformed.");
  for (std::size_t i = 0; i < name_size; ++i) line[i] = Lower(line[i]);
  std::string_view value(colon + 1, size - name_size - 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (!IsFieldValue(value)) return Refuse(400, "A header value contains control characters.");
  out->headers.push_back({{line, name_size}, value});
  return kOk;
}

HeadResult TakeContentLength(std::string_view value, RequestHead* out) {
  if (out->content_length) return Refuse(400, "There is more than one Content-Length.");
  if (value.empty() || value.size() > 18) return Refuse(400, "Content-Length is malformed.");
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return Refuse(400, "Content-Length is malformed.");
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  out->content_length = length;
  return kOk;
}

HeadResult TakeTransferEncoding(std::string_view value, RequestHead* out) {
  if (out->chunked) return Refuse(400, "There is more than one Transfer-Encoding.");
  if (out->http_1_0) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
  if (!EqualsIgnoreCase(value, "chunked")) {
    return Refuse(501, "The only transfer coding understood is chunked.");
  }
  out->chunked = true;
  return kOk;
}

// An authority is a host and an optional port: nothing that could be read as a path or as user
// information.
bool IsAuthority(std::string_view s) {
  return !s.empty() && s.find_first_of("/?#@ \t,\\") == std::string_view::npos &&
         AllAre(s, kTargetChar);
}

// What the framing depends on. `hosts` counts Host lines.
HeadResult TakeHeader(const HeaderView& header, int* hosts, RequestHead* out) {
  if (header.name == "content-length") return TakeContentLength(header.value, out);
  if (header.name == "transfer-encoding") return TakeTransferEncoding(header.value, out);
  if (header.name == "host") {
    if (++*hosts > 1) return Refuse(400, "There is more than one Host header.");
    if (!IsAuthority(header.value)) return Refuse(400, "The Host header is malformed.");
    if (out->authority.empty()) out->authority = header.value;
  } else if (header.name == "connection") {
    ForEachElement(header.value, [out](std::string_view option) {
      if (EqualsIgnoreCase(option, "close")) out->keep_alive = false;
      if (out->http_1_0 && EqualsIgnoreCase(option, "keep-alive")) out->keep_alive = true;
    });
  } else if (header.name == "expect") {
    if (!EqualsIgnoreCase(header.value, "100-continue")) {
      return Refuse(417, "The only expectation understood is 100-continue.");
    }
    out->expect_continue = !out->http_1_0;
  }
  return kOk;
}

HeadResult ParseHeaders(char* data, std::size_t size, const HeadLimits& limits, RequestHead* out) {
  int hosts = 0;
  while (size > 0) {
    const char* end = static_cast<const char*>(std::memchr(data, '\n', size));
    const auto line = static_cast<std::size_t>(end - data) + 1;  // ends in CRLF: checked before
    if (line < 2 || data[line - 2] != '\r') return Refuse(400, "A line does not end in CRLF.");
    if (out->headers.size() == limits.headers) return Refuse(431, "There are too many headers.");
    HeadResult result = ParseHeaderLine(data, line - 2, out);
    if (result.state != HeadState::kComplete) return result;
    result = TakeHeader(out->headers.back(), &hosts, out);
    if (result.state != HeadState::kComplete) return result;
    data += line;
    size -= line;
  }
  if (hosts == 0) return Refuse(400, "The Host header is missing.");
  if (!IsAuthority(out->authority)) return Refuse(400, "The authority is malformed.");
  if (out->chunked && out->content_length) {
    return Refuse(400, "Content-Length and Transfer-Encoding exclude each other.");
  }
  return kOk;
}

HeadResult CheckUnfinished(std::string_view data, const HeadLimits& limits) {
  if (data.size() > limits.head) return Refuse(431, "The request head is too large.");
  const std::size_t line = data.find('\n');
  if (line == std::string_view::npos && data.size() > limits.request_line) {
    return Refuse(414, "The request line is too long.");
  }
  if (line != std::string_view::npos && (line == 0 || data[line - 1] != '\r')) {
    return Refuse(400, "A line does not end in CRLF.");
  }
  // Not HTTP at all (a TLS hello, another protocol): say so now, not at the time limit.
  if (!data.empty() && !Is(data.front(), kTokenChar)) {
    return Refuse(400, "This is not an HTTP request.");
  }
  return kWait;
}

}  // namespace

std::string_view RequestHead::Header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

bool IsToken(std::string_view s) { return !s.empty() && AllAre(s, kTokenChar); }

bool IsFieldValue(std::string_view s) { return AllAre(s, kValueChar); }

bool EqualsIgnoreCase(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != lower[i]) return false;
  }
  return true;
}

HeadResult ParseHead(char* data, std::size_t size, const HeadLimits& limits, std::size_t* searched,
                     RequestHead* out) {
  // RFC 9112 section 2.2: an empty line before the request is ignored (one).
  const std::size_t skip = size >= 2 && data[0] == '\r' && data[1] == '\n' ? 2 : 0;
  const std::string_view all(data + skip, size - skip);
  if (skip == 0 && all == "\r") return kWait;
  const std::size_t from = *searched > 3 ? *searched - 3 : 0;
  const std::size_t end = all.find("\r\n\r\n", from);
  if (end == std::string_view::npos) {
    *searched = all.size();
    return CheckUnfinished(all, limits);
  }
  *searched = end;
  if (end + 4 > limits.head) return Refuse(431, "The request head is too large.");
  const std::size_t line = all.find("\r\n");
  if (line > limits.request_line) return Refuse(414, "The request line is too long.");
  out->headers.clear();
  std::vector<HeaderView> headers = std::move(out->headers);
  *out = RequestHead();
  out->headers = std::move(headers);
  out->size = skip + end + 4;
  const HeadResult result = ParseRequestLine(all.substr(0, line), out);
  if (result.state != HeadState::kComplete) return result;
  return ParseHeaders(data + skip + line + 2, end - line, limits, out);
}

}  // namespace strata::gateway
