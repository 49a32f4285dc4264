#include "core/gateway/http_worker.h"

#include <algorithm>
#include <utility>

namespace strata::gateway {
namespace {

using Phase = HttpConnection::Phase;

constexpr std::int64_t kLingerUs = 2'000'000;

}  // namespace

void HttpWorker::Serve(HttpConnection* connection) {
  do {
    if (Progress(*connection) == Step::kClose) {
      core_.table.Close(connection);
      return;
    }
  } while (!connection->Release());
}

void HttpWorker::ServeQueued() {
  while (core_.metrics.in_flight.load() < core_.options.request_slots) {
    const std::optional<std::uint64_t> key = core_.queue.Pop();
    if (!key) return;
    HttpConnection* connection = core_.table.Find(*key);
    connection->turn.store(true);
    const auto generation = static_cast<std::uint32_t>(*key >> 32);
    if (connection->Claim(generation, /*hang_up=*/false) == HttpConnection::Claimed::kYes) {
      Serve(connection);
    }
  }
}

void HttpWorker::Expire(HttpConnection* connection) {
  HttpConnection& c = *connection;
  Step step = Step::kClose;
  core_.metrics.timeouts.fetch_add(c.phase != Phase::kReading || !c.in.empty() ? 1 : 0,
                                   std::memory_order_relaxed);
  if (c.phase == Phase::kQueued) {
    step = RefuseUnread(c, 503, "Too many requests at this time.");
  } else if (c.phase == Phase::kGathering || (c.phase == Phase::kReading && !c.in.empty())) {
    step = RefuseUnread(c, 408, "The request came too slowly.");
  }
  if (step == Step::kClose) {
    core_.table.Close(connection);
  } else {
    Serve(connection);
  }
}

HttpWorker::Step HttpWorker::Progress(HttpConnection& c) {
  bool drained = false;
  while (true) {
    Step step = Step::kAgain;
    if (c.phase == Phase::kFlushing) {
      if (!c.Flush()) return Step::kClose;
      step = c.unsent() > 0 ? Step::kWait : AfterFlush(c);
    } else if (c.phase == Phase::kLingering) {
      step = Discard(c);
    } else if (c.phase == Phase::kQueued) {
      step = TakeTurn(c);
    } else if (c.unread) {
      c.unread = false;
      step = c.phase == Phase::kGathering ? Gather(c) : Consume(c, c.in.data(), c.in.size());
    } else if (drained && !c.hung_up()) {
      step = Step::kWait;
    } else {
      step = Receive(c, &drained);
    }
    if (step == Step::kWait) StartWaiting(c);
    if (step != Step::kAgain) return step;
  }
}

HttpWorker::Step HttpWorker::Receive(HttpConnection& c, bool* drained) {
  const auto progress = c.transport->Read(scratch_.Input(), HttpScratch::kInput);
  if (progress.outcome == Transport::Outcome::kClosed) return Step::kClose;
  if (progress.outcome == Transport::Outcome::kWouldBlock) return Step::kWait;
  // epoll(7): a short read of a stream means that the buffer is empty.
  *drained = progress.bytes < HttpScratch::kInput;
  core_.metrics.bytes_received.fetch_add(progress.bytes, std::memory_order_relaxed);
  c.moved += progress.bytes;
  if (c.phase == Phase::kReading && c.in.empty()) {
    c.since_us = NowUs();
    c.searched = 0;
    return Consume(c, scratch_.Input(), progress.bytes);
  }
  c.in.append(scratch_.Input(), progress.bytes);
  c.unread = true;
  return Step::kAgain;
}

HttpWorker::Step HttpWorker::Discard(HttpConnection& c) {
  while (true) {
    const auto progress = c.transport->Read(scratch_.Input(), HttpScratch::kInput);
    if (progress.outcome == Transport::Outcome::kClosed) return Step::kClose;
    if (progress.outcome == Transport::Outcome::kWouldBlock) return Step::kWait;
  }
}

HttpWorker::Step HttpWorker::AfterFlush(HttpConnection& c) {
  if (!c.close_after) {
    c.phase = Phase::kReading;
    c.unread = !c.in.empty();
    c.searched = 0;
    c.since_us = NowUs();
    return Step::kAgain;
  }
  if (!c.linger) return Step::kClose;
  c.transport->FinishSending();
  c.phase = Phase::kLingering;
  c.since_us = NowUs();
  std::string().swap(c.in);
  static_cast<void>(c.UpdateBudget());
  return Step::kAgain;
}

// Sets the time at which the housekeeper takes an interest.
void HttpWorker::StartWaiting(HttpConnection& c) {
  std::int64_t expires = 0;
  switch (c.phase) {
    case Phase::kReading:
      if (!c.in.empty()) {
        expires = c.since_us + core_.options.head_timeout.count() * 1000;
      } else {
        const auto timeout =
            c.requests == 0 ? core_.options.head_timeout : core_.options.idle_timeout;
        expires = NowUs() + timeout.count() * 1000;
      }
      break;
    case Phase::kQueued:
      expires = c.since_us + core_.options.queue_timeout.count() * 1000;
      break;
    case Phase::kGathering:
    case Phase::kFlushing:
      expires = core_.RateLimitUs(c.since_us, c.moved);
      break;
    case Phase::kLingering:
      expires = c.since_us + kLingerUs;
      break;
  }
  c.expires_us.store(expires, std::memory_order_relaxed);
}

HttpWorker::Step HttpWorker::Consume(HttpConnection& c, char* data, std::size_t size) {
  std::size_t used = 0;
  Step step = Step::kAgain;
  while (used < size && step == Step::kAgain && c.phase == Phase::kReading) {
    RequestHead& head = scratch_.head;
    const HeadResult result =
        ParseHead(data + used, size - used, core_.options.head, &c.searched, &head);
    if (result.state == HeadState::kRefused) return RefuseUnread(c, result.status, result.reason);
    if (result.state == HeadState::kIncomplete) break;
    c.searched = 0;
    begun_us_ = NowUs();
    const std::size_t after = used + head.size;
    if (head.chunked || size - after < head.content_length.value_or(0)) {
      step = Admit(c, /*body_began=*/after < size);
      break;
    }
    const std::size_t length = head.content_length.value_or(0);
    Permit place;
    const bool placed = TakePlace(c, &place);
    if (!placed && Enqueue(c, /*gathered=*/false)) break;
    std::string_view rest(data + after + length, size - after - length);
    step = Answer(c, {{data + after, length}, /*complete=*/true, {}}, placed, &rest);
    used = after + length;
    c.since_us = begun_us_;
  }
  if (step != Step::kClose) Keep(c, data, used, size);
  return c.UpdateBudget() ? step : Step::kClose;
}

void HttpWorker::Keep(HttpConnection& c, const char* data, std::size_t used, std::size_t size) {
  if (c.phase == Phase::kLingering || used == size) {
    std::string().swap(c.in);
  } else if (data == c.in.data()) {
    c.in.erase(0, used);
  } else {
    c.in.assign(data + used, size - used);
  }
}

bool HttpWorker::Enqueue(HttpConnection& c, bool gathered) {
  if (!core_.queue.Push(HttpConnectionTable::Key(c), /*again=*/c.waited)) return false;
  if (!c.waited) c.since_us = begun_us_;
  c.waited = true;
  c.gathered = gathered;
  c.phase = Phase::kQueued;
  return true;
}

HttpWorker::Step HttpWorker::TakeTurn(HttpConnection& c) {
  if (c.hung_up()) return Step::kClose;
  if (!c.turn.exchange(false)) return Step::kWait;
  if (c.gathered) return ServeGathered(c);
  c.phase = Phase::kReading;
  c.unread = true;
  return Step::kAgain;
}

HttpWorker::Step HttpWorker::Admit(HttpConnection& c, bool body_began) {
  const RequestHead& head = scratch_.head;
  NameRequest(c);
  AccessRecord record;
  Routing routing;
  routing.problem = CheckOrigin();
  if (routing.problem.status == 0) {
    Route(begun_us_ + core_.options.request_timeout.count() * 1000, &routing);
  }
  if (routing.problem.status != 0) return RefuseUnread(c, routing.problem, &record);
  if (head.expect_continue && !body_began) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec part{const_cast<char*>(kContinue.data()), kContinue.size()};
    if (!c.Send(&part, 1)) return Step::kClose;
  }
  c.decoder.Reset(head.content_length, head.chunked);
  c.head_size = head.size;
  c.body_limit = routing.body_limit;
  c.phase = Phase::kGathering;
  c.since_us = begun_us_;
  c.moved = 0;
  c.unread = true;
  return Step::kAgain;
}

HttpWorker::Step HttpWorker::Gather(HttpConnection& c) {
  const std::size_t small = core_.options.small_body_bytes;
  std::string_view raw = std::string_view(c.in).substr(c.head_size);
  const std::size_t size = raw.size();
  while (!raw.empty() && !c.decoder.done() && !c.decoder.malformed() && c.body.size() < small) {
    c.body.append(c.decoder.Next(&raw));
  }
  if (c.decoder.malformed()) return RefuseUnread(c, 400, "The chunked body is malformed.");
  if (c.body.size() > c.body_limit) return RefuseUnread(c, 413, "The body is too large.");
  c.in.erase(c.head_size, size - raw.size());
  if (c.decoder.done() || c.body.size() >= small) return ServeGathered(c);
  if (!c.UpdateBudget()) return RefuseUnread(c, 503, "Too many slow uploads at this time.");
  return Step::kAgain;
}

HttpWorker::Step HttpWorker::ServeGathered(HttpConnection& c) {
  std::size_t searched = 0;
  const HeadResult head =
      ParseHead(c.in.data(), c.in.size(), core_.options.head, &searched, &scratch_.head);
  if (head.state != HeadState::kComplete) return Step::kClose;
  begun_us_ = NowUs();
  Permit place;
  const bool placed = TakePlace(c, &place);
  if (!placed && Enqueue(c, /*gathered=*/true))
    return c.UpdateBudget() ? Step::kAgain : Step::kClose;
  c.phase = Phase::kReading;
  std::string_view rest = std::string_view(c.in).substr(scratch_.head.size);
  const Step step = Answer(c, {c.body, c.decoder.done(), rest}, placed, &rest);
  std::string().swap(c.body);
  std::string left(c.phase == Phase::kLingering ? std::string_view() : rest);
  c.in.swap(left);
  c.unread = !c.in.empty() && c.phase == Phase::kReading;
  c.searched = 0;
  c.since_us = begun_us_;
  return c.UpdateBudget() ? step : Step::kClose;
}

}  // namespace strata::gateway
