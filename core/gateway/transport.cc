#include "core/gateway/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace strata::gateway {
namespace {

Transport::Progress FromErrno() {
  const bool wait = errno == EAGAIN || errno == EWOULDBLOCK;
  return {wait ? Transport::Outcome::kWouldBlock : Transport::Outcome::kClosed, 0};
}

}  // namespace

SocketTransport::~SocketTransport() { ::close(descriptor_); }

Transport::Progress SocketTransport::Read(char* data, std::size_t size) {
  ssize_t n = 0;
  do {
    n = ::recv(descriptor_, data, size, 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FromErrno();
  if (n == 0) return {Outcome::kClosed, 0};
  return {Outcome::kDone, static_cast<std::size_t>(n)};
}

Transport::Progress SocketTransport::Write(const iovec* parts, std::size_t count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  ssize_t n = 0;
  do {
    n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FromErrno();
  return {Outcome::kDone, static_cast<std::size_t>(n)};
}

void SocketTransport::FinishSending() { ::shutdown(descriptor_, SHUT_WR); }

}  // namespace strata::gateway
