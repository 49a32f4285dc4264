// HttpWorker: from a complete head to the answer.

#include <algorithm>
#include <array>
#include <utility>

#include "core/gateway/address.h"
#include "core/gateway/http_exchange.h"
#include "core/gateway/http_worker.h"
#include "core/gateway/request_id.h"

namespace strata::gateway {
namespace {

using Phase = HttpConnection::Phase;

// Requests of a service, after one that it made wait.
constexpr int kTakenForWaiting = 64;

// Names for the log: what a client sent as a method may be anything.
std::string_view LoggedMethod(std::string_view method) {
  constexpr std::array<std::string_view, 7> kKnown = {"GET",    "HEAD",  "POST",   "PUT",
                                                      "DELETE", "PATCH", "OPTIONS"};
  const auto known = std::find(kKnown.begin(), kKnown.end(), method);
  return known == kKnown.end() ? "OTHER" : *known;
}

bool IsSafe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool Allows(const host::HttpRoute& route, std::string_view method) {
  if (route.methods.empty()) return true;
  return std::any_of(route.methods.begin(), route.methods.end(), [method](const auto& allowed) {
    return allowed == method || (method == "HEAD" && allowed == "GET");
  });
}

std::string AllowOf(const host::HttpRoute& route) {
  std::string allow;
  for (const std::string& method : route.methods) {
    if (!allow.empty()) allow.append(", ");
    allow.append(method);
  }
  return allow;
}

bool IsBuiltin(std::string_view path) {
  return path == "/livez" || path == "/readyz" || path == "/metrics";
}

}  // namespace

// A client may name its request; else the name is new within this core.
void HttpWorker::NameRequest(HttpConnection& c) {
  const std::string_view wanted = scratch_.head.Header("x-request-id");
  if (IsSaneRequestId(wanted)) {
    scratch_.request_id = wanted;
  } else {
    scratch_.request_id = core_.request_prefix;
    scratch_.request_id.append(
        std::to_string(core_.last_request.fetch_add(1, std::memory_order_relaxed) + 1));
  }
  if (++c.requests >= core_.options.max_requests_per_connection) scratch_.head.keep_alive = false;
}

AnswerContext HttpWorker::Context(HttpConnection& c) {
  const bool keep_alive =
      scratch_.head.keep_alive && !c.close_after && !core_.stopping.load(std::memory_order_relaxed);
  c.close_after = !keep_alive;
  return {scratch_.date.Now(), scratch_.request_id, scratch_.head.http_1_0, keep_alive};
}

Problem HttpWorker::CheckOrigin() const {
  Problem problem;
  const RequestHead& head = scratch_.head;
  if (!IsLoopbackAuthority(head.authority)) {
    problem.status = 421;
    problem.detail = "This server answers under names of its own machine only, e.g. localhost.";
    return problem;
  }
  // A page of another site may make a browser send requests here (RFC 6454): it shall change
  // nothing.
  std::string_view origin = head.Header("origin");
  if (!origin.empty() && !IsSafe(head.method)) {
    const std::size_t scheme = origin.find("://");
    origin = scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
    if (origin != head.authority) {
      problem.status = 403;
      problem.detail = "Pages of other sites must not change anything here.";
      return problem;
    }
  }
  problem.status = 0;
  return problem;
}

void HttpWorker::Route(std::int64_t deadline_us, Routing* out) {
  const RequestHead& head = scratch_.head;
  out->problem.status = 0;
  Result<std::unique_ptr<host::Pin>> pin = core_.ingress.Enter(deadline_us);
  if (!pin.ok()) {
    out->problem.status = 503;
    out->problem.detail = "The stack is not taking requests at this time.";
    return;
  }
  out->pin = *std::move(pin);
  out->route = IsBuiltin(head.path) ? nullptr : out->pin->MatchHttp(head.path);
  if (out->route == nullptr) {
    out->problem.status = 404;
    out->problem.detail = "No service answers under this path.";
  } else if (!Allows(*out->route, head.method)) {
    out->allow = AllowOf(*out->route);
    out->problem.status = 405;
    out->problem.detail = "This method is not offered under this path.";
    out->problem.allow = out->allow;
  } else {
    const std::uint64_t limit = out->route->max_body_bytes;
    out->body_limit = limit != 0 ? limit : core_.options.max_body_bytes;
    if (head.content_length.value_or(0) > out->body_limit) {
      out->problem.status = 413;
      out->problem.detail = "The body is too large.";
    }
  }
}

bool HttpWorker::TakePlace(const HttpConnection& c, Permit* place) {
  if (IsBuiltin(scratch_.head.path)) return true;
  if (!c.waited && core_.queue.size() != 0) return false;  // Others were first.
  return place->TryTake(&core_.metrics.in_flight, core_.options.request_slots);
}

HttpWorker::Step HttpWorker::Answer(HttpConnection& c, const ExchangeBody& body, bool placed,
                                    std::string_view* rest) {
  c.waited = false;
  NameRequest(c);
  AccessRecord record;
  record.method = LoggedMethod(scratch_.head.method);
  Routing routing;  // the record borrows names from it
  routing.problem = CheckOrigin();
  bool keep = false;
  if (routing.problem.status != 0) {
    if (!body.complete) c.close_after = c.linger = true;
    keep = SendProblem(c, routing.problem, &record);
  } else if (IsBuiltin(scratch_.head.path)) {
    keep = AnswerBuiltin(c, &record);
  } else {
    keep = AnswerFromService(c, body, placed, &routing, rest, &record);
  }
  Log(&record);
  return keep ? AfterAnswer(c) : Step::kClose;
}

void HttpWorker::Log(AccessRecord* record) {
  record->request_id = scratch_.request_id;
  record->duration = std::chrono::microseconds(NowUs() - begun_us_);
  core_.Record(*record);
}

// What the socket has not taken is left to the epoll set.
HttpWorker::Step HttpWorker::AfterAnswer(HttpConnection& c) {
  if (c.unsent() == 0) return c.close_after ? AfterFlush(c) : Step::kAgain;
  c.phase = Phase::kFlushing;
  c.since_us = NowUs();
  c.moved = 0;
  return Step::kAgain;
}

bool HttpWorker::AnswerFromService(HttpConnection& c, const ExchangeBody& body, bool placed,
                                   Routing* routing, std::string_view* rest, AccessRecord* record) {
  if (!placed) {
    routing->problem.status = 503;
    routing->problem.detail = "Too many requests at this time.";
  } else {
    Route(begun_us_ + core_.options.request_timeout.count() * 1000, routing);
  }
  if (routing->problem.status == 0) {
    const host::HttpRoute& route = *routing->route;
    const bool streamed = !body.complete;
    const auto timeout = streamed ? core_.options.stream_timeout : core_.options.request_timeout;
    c.body_limit = routing->body_limit;
    HttpExchange exchange(&core_, &c, &scratch_, scratch_.head, body,
                          route.long_lived ? 0 : begun_us_ + timeout.count() * 1000);
    if ((!streamed && !route.long_lived) || exchange.MayBlock()) {
      record->route = route.path;
      record->slot = route.handle.slot;
      ForeseeWaiting(route, streamed);
      const bool keep = exchange.Run(routing->pin.get(), route, record);
      if (streamed) *rest = exchange.rest();
      return keep;
    }
    routing->problem.status = 503;
    routing->problem.detail = "Too many long transfers at this time.";
  }
  if (!body.complete) c.close_after = c.linger = true;
  return SendProblem(c, routing->problem, record);
}

// A change waits for the disk, a stream for its peer, a process of its own for messages.
void HttpWorker::ForeseeWaiting(const host::HttpRoute& route, bool streamed) {
  waits_seen_ = &core_.WaitsSeen(route.handle.slot);
  const bool waited = waits_seen_->load(std::memory_order_relaxed) > 0 &&
                      waits_seen_->fetch_sub(1, std::memory_order_relaxed) > 0;
  if (!waited && !streamed && !route.long_lived && IsSafe(scratch_.head.method)) return;
  before_waiting_();
}

void HttpWorker::Learn(bool waited) {
  if (waited && waits_seen_ != nullptr) {
    waits_seen_->store(kTakenForWaiting, std::memory_order_relaxed);
  }
  waits_seen_ = nullptr;
}

bool HttpWorker::AnswerBuiltin(HttpConnection& c, AccessRecord* record) {
  const RequestHead& head = scratch_.head;
  OwnAnswer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.head_only = head.method == "HEAD";
  std::string text;
  if (head.method != "GET" && head.method != "HEAD") {
    Problem problem;
    problem.status = 405;
    problem.detail = "This method is not offered under this path.";
    problem.allow = "GET, HEAD";
    return SendProblem(c, problem, record);
  }
  if (head.path == "/metrics") {
    text = core_.ingress.MetricsText();
    core_.metrics.AppendText(core_.queue.size(), &text);
    if (core_.options.more_metrics) core_.options.more_metrics(&text);
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    record->route = "/metrics";
  } else if (head.path == "/readyz") {
    answer.status = core_.ingress.Ready(&text) && !core_.stopping.load() ? 200 : 503;
    text = answer.status == 200 ? "ok\n" : (text.empty() ? "stopping" : text) + "\n";
    record->route = "/readyz";
  } else {
    text = "ok\n";
    record->route = "/livez";
  }
  answer.body = text;
  scratch_.answer.clear();
  AppendOwnAnswer(answer, Context(c), &scratch_.answer);
  return SendAnswer(c, answer.status, record);
}

bool HttpWorker::SendProblem(HttpConnection& c, const Problem& problem, AccessRecord* record) {
  Problem sent = problem;
  sent.head_only = scratch_.head.method == "HEAD";
  scratch_.answer.clear();
  AppendProblem(sent, scratch_.head.Header("accept"), Context(c), &scratch_.answer);
  return SendAnswer(c, problem.status, record);
}

bool HttpWorker::SendAnswer(HttpConnection& c, int status, AccessRecord* record) {
  const iovec part{scratch_.answer.data(), scratch_.answer.size()};
  record->complete = c.Send(&part, 1);
  record->status = status;
  record->bytes_out = scratch_.answer.size();
  return record->complete;
}

HttpWorker::Step HttpWorker::RefuseUnread(HttpConnection& c, int status, std::string_view detail) {
  scratch_.head.headers.clear();
  scratch_.head.method = {};
  begun_us_ = NowUs();
  NameRequest(c);
  AccessRecord record;
  Problem problem;
  problem.status = status;
  problem.detail = detail;
  return RefuseUnread(c, problem, &record);
}

HttpWorker::Step HttpWorker::RefuseUnread(HttpConnection& c, const Problem& problem,
                                          AccessRecord* record) {
  c.close_after = c.linger = true;
  record->method = LoggedMethod(scratch_.head.method);
  const bool sent = SendProblem(c, problem, record);
  Log(record);
  std::string().swap(c.body);
  c.unread = false;
  return sent ? AfterAnswer(c) : Step::kClose;
}

}  // namespace strata::gateway
