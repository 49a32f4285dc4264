#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// The head of an HTTP/1.x request (RFC 9112), read strictly: what two programs could read in two
// ways (request smuggling) is refused, never guessed. Pure functions; thread-compatible.
namespace strata::gateway {

struct HeaderView {
  std::string_view name;  // lower case
  std::string_view value;
};

struct HeadLimits {
  std::size_t request_line = 8 * 1024;  // beyond: 414
  std::size_t head = 32 * 1024;         // beyond: 431
  std::size_t headers = 100;            // beyond: 431
};

// All views point into the buffer that was parsed.
struct RequestHead {
  std::string_view method;
  std::string_view path;   // percent-encoded, without query; "*" for "OPTIONS *"
  std::string_view query;  // without "?"
  std::string_view authority;
  std::vector<HeaderView> headers;
  std::size_t size = 0;  // bytes of the head, the empty line included
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expect_continue = false;

  bool HasBody() const { return chunked || content_length.value_or(0) > 0; }
  // Value of the first header of that (lower case) name; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

enum class HeadState { kIncomplete, kComplete, kRefused };

struct HeadResult {
  HeadState state = HeadState::kIncomplete;
  int status = 0;           // kRefused: the HTTP status to answer
  std::string_view reason;  // kRefused: a constant sentence, without anything of the request
};

// Parses the head at the front of `data`; header names are lower-cased in place (parsing the same
// bytes again gives the same result). `*searched` (0 at first) remembers across calls how far the
// end of the head has been looked for, so that bytes arriving one by one cost linear time.
HeadResult ParseHead(char* data, std::size_t size, const HeadLimits& limits, std::size_t* searched,
                     RequestHead* out);

// Shared with the response side: RFC 9110 token; field value without CR, LF, NUL or other controls.
bool IsToken(std::string_view s);
bool IsFieldValue(std::string_view s);
bool EqualsIgnoreCase(std::string_view a, std::string_view lower);

// Calls fn(element) with each non-empty element of a comma-separated list, without its blanks.
template <typename F>
void ForEachElement(std::string_view list, F&& fn) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
      element.remove_prefix(1);
    }
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
      element.remove_suffix(1);
    }
    if (!element.empty()) fn(element);
  }
}

}  // namespace strata::gateway
