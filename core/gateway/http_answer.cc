#include "core/gateway/http_answer.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace strata::gateway {
namespace {

struct Default {
  std::string_view name;  // lower case, as services write it
  std::string_view line;
};

// Records of people: not sniffed, not framed, not kept by caches, not told to other sites. A
// service that knows better (assets, a page of its own in a frame) says so in its answer.
constexpr std::array<Default, 5> kDefaults = {{
    {"cache-control", "Cache-Control: no-store\r\n"},
    {"cross-origin-resource-policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
    {"referrer-policy", "Referrer-Policy: same-origin\r\n"},
    {"x-content-type-options", "X-Content-Type-Options: nosniff\r\n"},
    {"x-frame-options", "X-Frame-Options: DENY\r\n"},
}};

// The gateway's to set, or about one connection; what a service writes here is dropped.
constexpr std::array<std::string_view, 10> kDropped = {
    "connection", "content-length", "date",    "keep-alive",        "server",
    "te",         "trailer",        "upgrade", "transfer-encoding", "x-request-id"};

bool Dropped(std::string_view name) {
  return std::find_if(kDropped.begin(), kDropped.end(), [name](std::string_view d) {
           return EqualsIgnoreCase(name, d);
         }) != kDropped.end();
}

void AppendStatusLine(int status, std::string* out) {
  out->append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out->append(ReasonPhrase(status)).append("\r\n");
}

void AppendLine(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

void AppendCommon(const AnswerContext& context, std::string* out) {
  AppendLine("Date", context.date, out);
  AppendLine("X-Request-Id", context.request_id, out);
  if (!context.keep_alive) {
    out->append("Connection: close\r\n");
  } else if (context.http_1_0) {
    out->append("Connection: keep-alive\r\n");
  }
}

void AppendFraming(Framing framing, std::uint64_t length, std::string* out) {
  if (framing == Framing::kLength) AppendLine("Content-Length", std::to_string(length), out);
  if (framing == Framing::kChunked) out->append("Transfer-Encoding: chunked\r\n");
  out->append("\r\n");
}

std::string_view FindFault(const ResponsePart& part) {
  if (part.status < 200 || part.status > 599) return "its status is not between 200 and 599";
  for (const HeaderView& header : part.headers) {
    if (!IsToken(header.name)) return "a header name is malformed";
    if (!IsFieldValue(header.value)) return "a header value contains control characters";
  }
  return {};
}

void AppendJsonText(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20) {
      out->append("\\u00").push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
}

void AppendHtmlText(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '<') {
      out->append("&lt;");
    } else if (c == '&') {
      out->append("&amp;");
    } else {
      out->push_back(c);
    }
  }
}

std::string JsonProblem(const Problem& problem, std::string_view request_id) {
  std::string body = R"({"type":"about:blank","title":")";
  body.append(ReasonPhrase(problem.status)).append(R"(","status":)");
  body.append(std::to_string(problem.status)).append(R"(,"detail":")");
  AppendJsonText(problem.detail, &body);
  body.append(R"(","request_id":")").append(request_id).append("\"}\n");
  return body;
}

std::string HtmlProblem(const Problem& problem, std::string_view request_id) {
  const std::string title =
      std::to_string(problem.status) + " " + std::string(ReasonPhrase(problem.status));
  std::string body = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  body.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
  body.append(title).append("</title></head>\n<body><main><h1>").append(title).append("</h1>\n<p>");
  AppendHtmlText(problem.detail, &body);
  body.append("</p>\n<p>Request <code>").append(request_id);
  body.append("</code></p></main></body></html>\n");
  return body;
}

std::string TextProblem(const Problem& problem, std::string_view request_id) {
  std::string body = std::to_string(problem.status) + " ";
  body.append(ReasonPhrase(problem.status)).append("\n").append(problem.detail);
  body.append("\nRequest ").append(request_id).append("\n");
  return body;
}

bool Mentions(std::string_view accept, std::string_view type) {
  return accept.find(type) != std::string_view::npos;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  if (status == 421) return "Misdirected Request";
  if (status == 422) return "Unprocessable Content";
  if (status == 425) return "Too Early";
  if (status == 428) return "Precondition Required";
  if (status == 429) return "Too Many Requests";
  if (status == 431) return "Request Header Fields Too Large";
  using Poco::Net::HTTPResponse;
  const std::string& reason =
      HTTPResponse::getReasonForStatus(static_cast<HTTPResponse::HTTPStatus>(status));
  return reason == "???" ? std::string_view() : std::string_view(reason);
}

std::string_view DateCache::Now() {
  const std::int64_t second = std::time(nullptr);
  if (second != second_) {
    second_ = second;
    text_ = Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(second),
                                            Poco::DateTimeFormat::HTTP_FORMAT);
  }
  return text_;
}

bool AppendServiceHead(const ResponsePart& part, const AnswerContext& context, Framing framing,
                       std::uint64_t length, std::string* out, std::string_view* why) {
  *why = FindFault(part);
  if (!why->empty()) return false;
  AppendStatusLine(static_cast<int>(part.status), out);
  std::array<bool, kDefaults.size()> overridden{};
  for (const HeaderView& header : part.headers) {
    if (Dropped(header.name)) continue;
    for (std::size_t i = 0; i < kDefaults.size(); ++i) {
      if (EqualsIgnoreCase(header.name, kDefaults[i].name)) overridden[i] = true;
    }
    AppendLine(header.name, header.value, out);
  }
  for (std::size_t i = 0; i < kDefaults.size(); ++i) {
    if (!overridden[i]) out->append(kDefaults[i].line);
  }
  AppendCommon(context, out);
  AppendFraming(framing, length, out);
  return true;
}

void AppendOwnAnswer(const OwnAnswer& answer, const AnswerContext& context, std::string* out) {
  AppendStatusLine(answer.status, out);
  AppendLine("Content-Type", answer.content_type, out);
  if (!answer.allow.empty()) AppendLine("Allow", answer.allow, out);
  if (answer.retry_after) AppendLine("Retry-After", "1", out);
  for (const Default& header : kDefaults) out->append(header.line);
  AppendCommon(context, out);
  AppendFraming(Framing::kLength, answer.body.size(), out);
  if (!answer.head_only) out->append(answer.body);
}

void AppendProblem(const Problem& problem, std::string_view accept, const AnswerContext& context,
                   std::string* out) {
  OwnAnswer answer;
  answer.status = problem.status;
  answer.allow = problem.allow;
  answer.retry_after = problem.status == 503 || problem.status == 429;
  answer.head_only = problem.head_only;
  std::string body;
  if (Mentions(accept, "text/html")) {
    body = HtmlProblem(problem, context.request_id);
    answer.content_type = "text/html; charset=utf-8";
  } else if (Mentions(accept, "text/plain") && !Mentions(accept, "json")) {
    body = TextProblem(problem, context.request_id);
    answer.content_type = "text/plain; charset=utf-8";
  } else {
    body = JsonProblem(problem, context.request_id);
    answer.content_type = "application/problem+json";
  }
  answer.body = body;
  AppendOwnAnswer(answer, context, out);
}

int HttpStatusOf(strata_code code) {
  // Order of the gRPC codes, as google/rpc/code.proto maps them.
  constexpr std::array<int, 17> kStatus = {500, 499, 500, 400, 504, 404, 409, 403, 429,
                                           400, 409, 400, 501, 500, 503, 500, 401};
  const auto index = static_cast<std::size_t>(code);
  return code > 0 && index < kStatus.size() ? kStatus[index] : 500;
}

}  // namespace strata::gateway
