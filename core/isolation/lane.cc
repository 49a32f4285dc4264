#include "core/isolation/lane.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/isolation/rpc_server.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

struct WireHead {
  std::uint8_t kind;
  std::uint8_t with_body;
  std::uint16_t unused;
  std::uint32_t head_size;
  std::uint32_t body_size;
};

constexpr std::size_t kBlock = std::size_t{16} << 10;
constexpr std::size_t kMostKept = std::size_t{256} << 10;

}  // namespace

Lane::Result Lane::Wait(short events, std::int64_t deadline_us) const {
  while (true) {
    int timeout_ms = -1;
    if (deadline_us != 0) {
      const std::int64_t left_us = deadline_us - abi::MonotonicUs();
      if (left_us <= 0) return Result::kLate;
      timeout_ms = static_cast<int>(std::min<std::int64_t>((left_us + 999) / 1000, 3'600'000));
    }
    pollfd waited{socket_.get(), events, 0};
    const int ready = ::poll(&waited, 1, timeout_ms);
    if (ready > 0) return Result::kDone;
    if (ready < 0 && errno != EINTR) return Result::kGone;
  }
}

Lane::Result Lane::Send(LaneKind kind, std::string_view head, const std::string_view* body,
                        std::int64_t deadline_us) {
  const std::string_view bytes = body != nullptr ? *body : std::string_view();
  WireHead wire{};
  wire.kind = static_cast<std::uint8_t>(kind);
  wire.with_body = body != nullptr ? 1 : 0;
  wire.head_size = static_cast<std::uint32_t>(head.size());
  wire.body_size = static_cast<std::uint32_t>(bytes.size());
  const std::string_view parts[3] = {
      {reinterpret_cast<const char*>(&wire), sizeof wire}, head, bytes};
  const std::size_t total = sizeof wire + head.size() + bytes.size();
  for (std::size_t sent = 0; sent < total;) {
    iovec rest[3];
    std::size_t count = 0;
    std::size_t skip = sent;
    for (const std::string_view part : parts) {
      const std::size_t gone = std::min(skip, part.size());
      skip -= gone;
      if (gone == part.size()) continue;
      rest[count++] = {const_cast<char*>(part.data() + gone), part.size() - gone};
    }
    msghdr message{};
    message.msg_iov = rest;
    message.msg_iovlen = count;
    const ssize_t wrote = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote > 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (const Result ready = Wait(POLLOUT, deadline_us); ready != Result::kDone) return ready;
    } else if (errno != EINTR) {
      return Result::kGone;
    }
  }
  return Result::kDone;
}

// Until so many bytes are there.
Lane::Result Lane::Fill(std::size_t bytes, std::int64_t deadline_us) {
  while (in_.size() - taken_ < bytes) {
    if (const Result ready = Wait(POLLIN, deadline_us); ready != Result::kDone) return ready;
    const std::size_t have = in_.size();
    // Room grows with what has come, not with what was announced.
    const std::size_t want = taken_ + bytes - have;
    in_.resize(have + std::clamp(want, kBlock, std::max(kBlock, have)));
    const ssize_t got = ::recv(socket_.get(), in_.data() + have, in_.size() - have, MSG_DONTWAIT);
    in_.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return Result::kGone;
    if (got < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) return Result::kGone;
  }
  return Result::kDone;
}

Lane::Result Lane::Receive(LaneFrame* out, std::int64_t deadline_us) {
  if (const Result got = Fill(sizeof(WireHead), deadline_us); got != Result::kDone) return got;
  WireHead wire{};
  std::memcpy(&wire, in_.data() + taken_, sizeof wire);
  if (wire.head_size > kMaxMetadataBytes || wire.body_size > kMaxMessageBytes) return Result::kGone;
  const std::size_t size = sizeof wire + wire.head_size + wire.body_size;
  if (const Result got = Fill(size, deadline_us); got != Result::kDone) return got;
  const char* const head = in_.data() + taken_ + sizeof wire;
  out->kind = static_cast<LaneKind>(wire.kind);
  out->with_body = wire.with_body != 0;
  out->head.assign(head, wire.head_size);
  out->body.assign(head + wire.head_size, wire.body_size);
  taken_ += size;
  if (taken_ == in_.size()) {
    in_.clear();
    taken_ = 0;
    if (in_.capacity() > kMostKept) in_.shrink_to_fit();
  }
  return Result::kDone;
}

void Lane::Shut() {
  shut_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace strata::isolation
