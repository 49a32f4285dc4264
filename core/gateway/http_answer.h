#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"
#include "core/gateway/exchange_codec.h"

// Heads of answers, and the gateway's own answers. Pure functions but for the Date.
namespace strata::gateway {

// "Not Found"; empty for a status without a registered phrase.
std::string_view ReasonPhrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), made anew once a second.
// Single-threaded.
class DateCache final {
 public:
  std::string_view Now();

 private:
  std::int64_t second_ = 0;
  std::string text_;
};

// What the gateway adds to every answer.
struct AnswerContext {
  std::string_view date;
  std::string_view request_id;
  bool http_1_0 = false;
  bool keep_alive = true;
};

// How the end of the body is told.
enum class Framing { kNone, kLength, kChunked, kUntilClose };

// Appends status line and headers of a service's answer with the gateway's own ones. False, with
// nothing appended: the service broke the contract (a status below 200 or above 599, a header name
// that is no token, a value with control characters), which `*why` names without any value.
bool AppendServiceHead(const ResponsePart& part, const AnswerContext& context, Framing framing,
                       std::uint64_t length, std::string* out, std::string_view* why);

// An answer that the gateway gives by itself.
struct OwnAnswer {
  int status = 200;
  std::string_view content_type;
  std::string_view body;
  std::string_view allow;  // Allow of a 405
  bool retry_after = false;
  bool head_only = false;
};
void AppendOwnAnswer(const OwnAnswer& answer, const AnswerContext& context, std::string* out);

// An error for people (HTML, plain text) or programs (application/problem+json, RFC 9457), as the
// Accept header prefers. `detail` is a sentence for the caller.
struct Problem {
  int status = 500;
  std::string_view detail;
  std::string_view allow;
  bool head_only = false;
};
void AppendProblem(const Problem& problem, std::string_view accept, const AnswerContext& context,
                   std::string* out);

// HTTP status of a plugin's error; proto/strata/service/v1/README.md has the table.
int HttpStatusOf(strata_code code);

}  // namespace strata::gateway
