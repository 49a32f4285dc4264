#include "core/gateway/http_connection.h"

#include <array>
#include <limits>

#include "core/gateway/http_exchange.h"

namespace strata::gateway {

bool BufferBudget::Change(std::size_t now, std::size_t* held) {
  if (now == *held) return true;
  if (now < *held) {
    used_.fetch_sub(*held - now, std::memory_order_relaxed);
  } else if (used_.fetch_add(now - *held, std::memory_order_relaxed) + now - *held > limit_) {
    used_.fetch_sub(now - *held, std::memory_order_relaxed);
    return false;
  }
  *held = now;
  return true;
}

HttpConnection::Claimed HttpConnection::Claim(std::uint32_t generation, bool hang_up) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while (true) {
    if (state >> 32 != generation || (state & kOpen) == 0) return Claimed::kGone;
    const bool busy = (state & kBusy) != 0;
    const std::uint64_t next = state | (hang_up ? kHungUp : 0) | (busy ? kPending : kBusy);
    if (state_.compare_exchange_weak(state, next, std::memory_order_acq_rel)) {
      return busy ? Claimed::kLeftToOwner : Claimed::kYes;
    }
  }
}

bool HttpConnection::TryClaim(std::uint32_t generation) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while (state >> 32 == generation && (state & kOpen) != 0 && (state & kBusy) == 0) {
    if (state_.compare_exchange_weak(state, state | kBusy, std::memory_order_acq_rel)) return true;
  }
  return false;
}

bool HttpConnection::Release() {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while (true) {
    const bool pending = (state & kPending) != 0;
    const std::uint64_t next = pending ? state & ~kPending : state & ~kBusy;
    if (state_.compare_exchange_weak(state, next, std::memory_order_acq_rel)) return !pending;
  }
}

void HttpConnection::NotifyHangUp(std::uint32_t generation) {
  const base::MutexLock lock(exchange_mutex_);
  if (exchange_ != nullptr && this->generation() == generation) exchange_->Cancel();
}

void HttpConnection::NotifyDeadline(std::uint32_t generation, std::int64_t now_us, bool force) {
  const base::MutexLock lock(exchange_mutex_);
  if (exchange_ == nullptr || this->generation() != generation) return;
  if (force || exchange_->PastDeadline(now_us)) exchange_->Cancel();
}

void HttpConnection::SetExchange(HttpExchange* exchange) {
  const base::MutexLock lock(exchange_mutex_);
  exchange_ = exchange;
}

bool HttpConnection::Send(const iovec* parts, std::size_t count) {
  std::size_t sent = 0;
  if (unsent() == 0) {
    const Transport::Progress progress = transport->Write(parts, count);
    if (progress.outcome == Transport::Outcome::kClosed) return false;
    sent = progress.bytes;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t skip = std::min(sent, parts[i].iov_len);
    sent -= skip;
    out.append(static_cast<const char*>(parts[i].iov_base) + skip, parts[i].iov_len - skip);
  }
  return out.empty() || (Flush() && UpdateBudget());
}

bool HttpConnection::Flush() {
  while (unsent() > 0) {
    const iovec rest{out.data() + out_sent, unsent()};
    const Transport::Progress progress = transport->Write(&rest, 1);
    if (progress.outcome == Transport::Outcome::kClosed) return false;
    out_sent += progress.bytes;
    moved += progress.bytes;
    if (progress.outcome == Transport::Outcome::kWouldBlock) {
      if (out_sent > out.size() / 2) {
        out.erase(0, out_sent);
        out_sent = 0;
      }
      return true;
    }
  }
  std::string().swap(out);
  out_sent = 0;
  return UpdateBudget();
}

bool HttpConnection::UpdateBudget() {
  return budget_->Change(in.size() + body.size() + out.size(), &budget_held_);
}

HttpConnection* HttpConnectionTable::Open(std::unique_ptr<Transport> transport,
                                          std::string client_address) {
  HttpConnection* connection = nullptr;
  {
    const base::MutexLock lock(mutex_);
    if (!free_.empty()) {
      connection = &places_[free_.back()];
      free_.pop_back();
    } else if (places_.size() < limit_) {
      connection = &places_.emplace_back();
      connection->index_ = static_cast<std::uint32_t>(places_.size() - 1);
    } else {
      return nullptr;
    }
  }
  open_.fetch_add(1, std::memory_order_relaxed);
  connection->budget_ = &budget_;
  connection->transport = std::move(transport);
  connection->client_address = std::move(client_address);
  const std::uint64_t generation = std::uint64_t{connection->generation()} << 32;
  connection->state_.store(generation | HttpConnection::kOpen | HttpConnection::kBusy,
                           std::memory_order_release);
  return connection;
}

void HttpConnectionTable::Close(HttpConnection* connection) {
  HttpConnection& c = *connection;
  std::string().swap(c.in);
  std::string().swap(c.body);
  std::string().swap(c.out);
  static_cast<void>(c.UpdateBudget());
  c.out_sent = c.searched = c.head_size = 0;
  c.phase = HttpConnection::Phase::kReading;
  c.unread = c.close_after = c.linger = c.waited = false;
  c.requests = 0;
  c.expires_us.store(0, std::memory_order_relaxed);
  c.state_.store((std::uint64_t{c.generation()} + 1) << 32, std::memory_order_release);
  c.transport.reset();
  open_.fetch_sub(1, std::memory_order_relaxed);
  const base::MutexLock lock(mutex_);
  free_.push_back(c.index_);
}

std::uint64_t HttpConnectionTable::Key(const HttpConnection& connection) {
  return std::uint64_t{connection.generation()} << 32 | connection.index_;
}

HttpConnection* HttpConnectionTable::Find(std::uint64_t key) {
  return &At(static_cast<std::uint32_t>(key));
}

HttpConnection& HttpConnectionTable::At(std::uint32_t index) {
  const base::MutexLock lock(mutex_);
  return places_[index];
}

}  // namespace strata::gateway
