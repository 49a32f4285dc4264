#include "core/gateway/http_exchange.h"

#include <poll.h>

#include <array>
#include <charconv>

#include "core/gateway/trace_context.h"

namespace strata::gateway {
namespace {

constexpr int kPollMs = 250;
constexpr int kClientClosed = 499;  // in the log only: nobody is there to read an answer

iovec Part(std::string_view s) { return {const_cast<char*>(s.data()), s.size()}; }

std::string_view View(strata_bytes b) { return {reinterpret_cast<const char*>(b.data), b.size}; }

strata_bytes Bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

strata_str Str(std::string_view s) { return {s.data(), s.size()}; }

bool HasNoBody(int status) { return status == 204 || status == 304; }

}  // namespace

const strata_call_ops HttpExchange::kOps = {
    sizeof(strata_call_ops),    &HttpExchange::OnWrite,     &HttpExchange::OnRead,
    &HttpExchange::IsCancelled, &HttpExchange::AddOnCancel, &HttpExchange::RemoveOnCancel,
    &HttpExchange::SetStatus,   &HttpExchange::SetTrailer,  nullptr};

HttpExchange::HttpExchange(HttpCore* core, HttpConnection* connection, HttpScratch* scratch,
                           const RequestHead& head, const ExchangeBody& body, std::int64_t deadline)
    : strata_call{},
      core_(*core),
      connection_(*connection),
      scratch_(*scratch),
      head_(head),
      deadline_(deadline),
      ready_(body.ready),
      undecoded_(body.undecoded),
      complete_(body.complete) {
  struct_size = sizeof(strata_call);
  ops = &kOps;
  deadline_us = deadline;
}

bool HttpExchange::Run(host::Pin* pin, const host::HttpRoute& route, AccessRecord* record) {
  EncodeFirstPart(route, pin);
  CollectMetadata();
  scratch_.auth.clear();
  EncodeLocalAuth(scratch_.request_id, connection_.client_address, &scratch_.auth);
  auth = Bytes(scratch_.auth);
  connection_.since_us = NowUs();
  connection_.moved = 0;
  connection_.expires_us.store(deadline_us, std::memory_order_relaxed);
  connection_.SetExchange(this);
  const strata_code code = pin->Call(route.handle, this);
  connection_.SetExchange(nullptr);
  return Conclude(code, record);
}

void HttpExchange::EncodeFirstPart(const host::HttpRoute& route, host::Pin* pin) {
  ExchangeHead exchange;
  exchange.request = &head_;
  exchange.scheme = "http";
  exchange.route = route.path;
  exchange.menu = scratch_.Menu(*pin);
  scratch_.message.clear();
  EncodeExchangeHead(exchange, &scratch_.encoded_head, &scratch_.message);
  EncodeBodyPart(ready_, complete_, &scratch_.message);
  body_bytes_ = ready_.size();
}

void HttpExchange::CollectMetadata() {
  const std::string_view trace = head_.Header("traceparent");
  if (!IsTraceParent(trace)) return;
  metadata_[metadata_count++] = {Str("traceparent"), Bytes(trace)};
  const std::string_view state = head_.Header("tracestate");
  if (!state.empty() && state.size() <= kMaxTraceState) {
    metadata_[metadata_count++] = {Str("tracestate"), Bytes(state)};
  }
  metadata = metadata_;
}

// ---- strata_call_ops ---------------------------------------------------------------------------

strata_code HttpExchange::OnWrite(strata_call* call, strata_bytes message) {
  return Of(call).Write(View(message));
}

strata_code HttpExchange::OnRead(strata_call* call, strata_bytes* out) {
  return Of(call).Read(out);
}

std::int32_t HttpExchange::IsCancelled(strata_call* call) { return Of(call).Cancelled() ? 1 : 0; }

std::uint64_t HttpExchange::AddOnCancel(strata_call* call, void (*fn)(void*), void* arg) {
  return Of(call).cancel_.Add(fn, arg);
}

void HttpExchange::RemoveOnCancel(strata_call* call, std::uint64_t id) {
  Of(call).cancel_.Remove(id);
}

void HttpExchange::SetStatus(strata_call* call, const strata_status* status) {
  Of(call).message_.assign(status->message.data, status->message.size);
}

// ---- the request -------------------------------------------------------------------------------

strata_code HttpExchange::Read(strata_bytes* out) {
  if (!first_read_) {
    first_read_ = true;
    end_read_ = complete_;
    *out = Bytes(scratch_.message);
    return STRATA_OK;
  }
  if (end_read_) return STRATA_OUT_OF_RANGE;
  std::string_view piece;
  const strata_code code = NextBodyPart(&piece);
  if (code != STRATA_OK) return code;
  end_read_ = connection_.decoder.done();
  scratch_.message.clear();
  EncodeBodyPart(piece, end_read_, &scratch_.message);
  *out = Bytes(scratch_.message);
  return STRATA_OK;
}

// The next piece of the body as it comes from the client; empty with the end of a chunked one.
strata_code HttpExchange::NextBodyPart(std::string_view* piece) {
  while (true) {
    *piece = connection_.decoder.Next(&undecoded_);
    if (connection_.decoder.malformed()) {
      return RefuseBody(400, "The chunked body is malformed.", STRATA_INVALID_ARGUMENT);
    }
    body_bytes_ += piece->size();
    if (body_bytes_ > connection_.body_limit) {
      return RefuseBody(413, "The body is too large.", STRATA_RESOURCE_EXHAUSTED);
    }
    if (!piece->empty() || connection_.decoder.done()) return STRATA_OK;
    const strata_code code = WaitForBody();
    if (code != STRATA_OK) return code;
  }
}

// Receives into the thread's buffer; undecoded_ has been used up.
strata_code HttpExchange::WaitForBody() {
  while (true) {
    const auto progress = connection_.transport->Read(scratch_.Input(), HttpScratch::kInput);
    if (progress.outcome == Transport::Outcome::kDone) {
      connection_.moved += progress.bytes;
      core_.metrics.bytes_received.fetch_add(progress.bytes, std::memory_order_relaxed);
      undecoded_ = {scratch_.Input(), progress.bytes};
      return STRATA_OK;
    }
    if (progress.outcome == Transport::Outcome::kClosed) {
      broken_ = true;
      cancel_.Cancel();
      return STRATA_CANCELLED;
    }
    if (Cancelled()) return PastDeadline(NowUs()) ? STRATA_DEADLINE_EXCEEDED : STRATA_CANCELLED;
    if (NowUs() > core_.RateLimitUs(connection_.since_us, connection_.moved)) {
      core_.metrics.timeouts.fetch_add(1, std::memory_order_relaxed);
      return RefuseBody(408, "The body came too slowly.", STRATA_DEADLINE_EXCEEDED);
    }
    pollfd poll_set{connection_.transport->descriptor(), POLLIN, 0};
    ::poll(&poll_set, 1, kPollMs);
  }
}

strata_code HttpExchange::RefuseBody(int status, std::string_view detail, strata_code code) {
  refused_status_ = status;
  refused_detail_ = detail;
  return code;
}

// ---- the answer --------------------------------------------------------------------------------

strata_code HttpExchange::Write(std::string_view message) {
  if (broken_ || ended_) return STRATA_CANCELLED;
  ResponsePart& part = scratch_.part;
  if (!DecodeResponsePart(message, &part)) return Broken("The service's answer is garbled.");
  const bool first = status_ == 0;
  if (first != part.has_head) return Broken("The service's answer has no head, or several.");
  if (first) {
    scratch_.answer.clear();
    const bool bare = head_.method == "HEAD" || HasNoBody(static_cast<int>(part.status));
    framing_ = part.end         ? Framing::kLength
               : head_.http_1_0 ? Framing::kUntilClose
                                : Framing::kChunked;
    if (HasNoBody(static_cast<int>(part.status))) framing_ = Framing::kNone;
    if (framing_ == Framing::kUntilClose && !bare) connection_.close_after = true;
    std::string_view why;
    if (!AppendServiceHead(part, Context(), framing_, part.body.size(), &scratch_.answer, &why)) {
      return Broken(why);
    }
    status_ = static_cast<int>(part.status);
    if (bare) framing_ = Framing::kNone;
  }
  ended_ = part.end;
  if (!SendPart(part, first)) {
    broken_ = true;
    cancel_.Cancel();
    return STRATA_CANCELLED;
  }
  return STRATA_OK;
}

bool HttpExchange::SendPart(const ResponsePart& part, bool first) {
  std::array<iovec, 4> parts{};
  std::size_t count = 0;
  if (first) parts[count++] = Part(scratch_.answer);
  std::array<char, 20> size{};
  if (framing_ == Framing::kChunked && !part.body.empty()) {
    char* end = std::to_chars(size.data(), size.data() + 16, part.body.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    parts[count++] = {size.data(), static_cast<std::size_t>(end - size.data())};
    parts[count++] = Part(part.body);
    parts[count++] = Part(ended_ ? "\r\n0\r\n\r\n" : "\r\n");
  } else if (framing_ == Framing::kChunked && ended_) {
    parts[count++] = Part("0\r\n\r\n");
  } else if (framing_ != Framing::kNone && !part.body.empty()) {
    parts[count++] = Part(part.body);
  }
  for (std::size_t i = 0; i < count; ++i) sent_ += parts[i].iov_len;
  if (count > 0 && !connection_.Send(parts.data(), count)) return false;
  // A finished answer needs no thread any more: the epoll set drains it.
  return ended_ || connection_.unsent() <= core_.options.answer_buffer_bytes || WaitForReader();
}

bool HttpExchange::WaitForReader() {
  if (!MayBlock()) return false;
  const std::int64_t since = NowUs();
  connection_.moved = 0;
  while (connection_.unsent() > core_.options.answer_buffer_bytes / 2) {
    pollfd poll_set{connection_.transport->descriptor(), POLLOUT, 0};
    ::poll(&poll_set, 1, kPollMs);
    if (!connection_.Flush() || Cancelled()) return false;
    if (NowUs() > core_.RateLimitUs(since, connection_.moved)) {
      core_.metrics.timeouts.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
  }
  return true;
}

AnswerContext HttpExchange::Context() {
  // Behind a body that was not read to its end no next request can be found.
  const bool keep_alive = head_.keep_alive && body_done() && !connection_.close_after &&
                          !core_.stopping.load(std::memory_order_relaxed);
  if (!keep_alive) connection_.close_after = true;
  return {scratch_.date.Now(), scratch_.request_id, head_.http_1_0, keep_alive};
}

strata_code HttpExchange::Broken(std::string_view why) {
  message_ = why;
  if (status_ == 0 && refused_status_ == 0) {
    refused_status_ = 500;
    refused_detail_ = "The service's answer was refused: it broke the service contract.";
  }
  broken_ = true;
  return STRATA_INTERNAL;
}

bool HttpExchange::Conclude(strata_code code, AccessRecord* record) {
  bool keep = true;
  if (status_ == 0) {
    keep = ConcludeWithoutHead(code);
  } else if (!ended_) {
    keep = code == STRATA_OK && !broken_;
    ended_ = keep;
    if (keep && framing_ == Framing::kChunked) {
      scratch_.part.body = {};
      keep = SendPart(scratch_.part, /*first=*/false);
    }
  }
  if (!body_done()) connection_.close_after = connection_.linger = true;
  record->status = status_;
  record->complete = keep && !broken_;
  record->bytes_in = body_bytes_;
  record->bytes_out = sent_;
  return keep && (!broken_ || refused_status_ != 0);
}

bool HttpExchange::ConcludeWithoutHead(strata_code code) {
  if (refused_status_ != 0) return SendProblem(refused_status_, refused_detail_);
  if (broken_ || (code == STRATA_CANCELLED && cancel_.cancelled())) {
    status_ = PastDeadline(NowUs()) ? 504 : kClientClosed;
    if (status_ == kClientClosed) return false;
  }
  if (code == STRATA_OK) return SendProblem(500, "The service gave no answer.");
  if (PastDeadline(NowUs())) return SendProblem(504, "The service took too long.");
  const int status = code == STRATA_CANCELLED ? 503 : HttpStatusOf(code);
  // What went wrong inside is for the log; what the caller can change is for the caller.
  return SendProblem(status, status < 500 && !message_.empty()
                                 ? std::string_view(message_)
                                 : "The service could not answer this request.");
}

bool HttpExchange::SendProblem(int status, std::string_view detail) {
  Problem problem;
  problem.status = status;
  problem.detail = detail;
  problem.head_only = head_.method == "HEAD";
  scratch_.answer.clear();
  status_ = status;
  AppendProblem(problem, head_.Header("accept"), Context(), &scratch_.answer);
  sent_ = scratch_.answer.size();
  const iovec part = Part(scratch_.answer);
  return connection_.Send(&part, 1);
}

}  // namespace strata::gateway
