#include "tests/gateway/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace strata::testing {
namespace {

std::string Lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return s;
}

}  // namespace

HttpClient::HttpClient(const std::string& address, int receive_buffer) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  const timeval limit{10, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(
      std::strtoul(address.c_str() + address.rfind(':') + 1, nullptr, 10)));
  const auto connect = [&] {
    return ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  };
  while (!connect()) {
    if (errno == EINTR) continue;  // The process was stopped and goes on.
    Close();
    break;
  }
}

HttpClient::~HttpClient() { Close(); }

void HttpClient::Close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void HttpClient::FinishSending() { ::shutdown(descriptor_, SHUT_WR); }

HttpReply HttpClient::Exchange(std::string_view bytes) {
  Send(bytes);
  return Receive();
}

bool HttpClient::Fill() {
  std::vector<char> piece(64 * 1024);
  ssize_t n = 0;
  do {
    n = ::recv(descriptor_, piece.data(), piece.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<std::string> HttpClient::Line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string HttpClient::Take(std::size_t size) {
  while (buffer_.size() < size && Fill()) {
  }
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, taken.size());
  return taken;
}

std::string HttpClient::ReceiveSome(std::size_t size) {
  if (buffer_.empty() && !Fill()) return {};
  return Take(std::min(size, buffer_.size()));
}

bool HttpClient::Closed() { return buffer_.empty() && !Fill() && buffer_.empty(); }

void HttpClient::ReceiveChunked(HttpReply* reply) {
  reply->chunked = true;
  while (const std::optional<std::string> line = Line()) {
    const std::size_t size = std::strtoul(line->c_str(), nullptr, 16);
    const std::string piece = Take(size);
    reply->body.append(piece);
    if (piece.size() < size || !Line()) return;
    if (size == 0) {
      reply->whole = true;
      return;
    }
  }
}

HttpReply HttpClient::Receive(bool head_only) {
  HttpReply reply;
  const std::optional<std::string> status = Line();
  if (!status || status->size() < 12) return reply;
  reply.status = std::atoi(status->c_str() + 9);
  while (std::optional<std::string> line = Line()) {
    if (line->empty()) break;
    const std::size_t colon = line->find(':');
    reply.headers[Lower(line->substr(0, colon))] = line->substr(colon + 2);
  }
  if (head_only || reply.status == 204 || reply.status == 304 || reply.status == 100) {
    reply.whole = true;
  } else if (reply.headers.contains("content-length")) {
    const std::size_t size = std::strtoul(reply.headers["content-length"].c_str(), nullptr, 10);
    reply.body = Take(size);
    reply.whole = reply.body.size() == size;
  } else if (reply.headers.contains("transfer-encoding")) {
    ReceiveChunked(&reply);
  } else {
    while (Fill()) {
    }
    reply.body.swap(buffer_);
    reply.whole = true;
  }
  return reply;
}

std::string Get(std::string_view path, std::string_view lines) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(lines).append("\r\n");
  return request;
}

std::string Post(std::string_view path, std::string_view body, std::string_view lines) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n").append(lines).append("\r\n");
  request.append(body);
  return request;
}

}  // namespace strata::testing
