#include "tests/bench/http/load_generator.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int descriptor = -1;
  Clock::time_point sent;
  std::string head;      // received part of the head
  std::size_t left = 0;  // of the body, when its length is known
  bool chunked = false;
  std::string tail;  // the last bytes of a chunked body
  bool in_body = false;
};

int Connect(const Target& target) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(target.port);
  ::inet_pton(AF_INET, target.host.c_str(), &to.sin_addr);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

std::string RequestFor(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
}

bool TakeLength(Connection* c, std::string_view bytes) {
  c->left -= std::min(c->left, bytes.size());
  return c->left == 0;
}

// No other answer follows before the next request: the last chunk is at the end of what came.
bool TakeChunks(Connection* c, std::string_view bytes) {
  constexpr std::string_view kLast = "\r\n0\r\n\r\n";
  c->tail.append(bytes);
  c->tail.erase(0, c->tail.size() - std::min(c->tail.size(), kLast.size()));
  return c->tail == kLast;
}

// Takes received bytes; true once the answer is whole. *status gets its status.
bool Take(Connection* c, std::string_view bytes, int* status) {
  if (!c->in_body) {
    c->head.append(bytes);
    const std::size_t end = c->head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t length = c->head.find("Content-Length: ");
    c->chunked = c->head.find("Transfer-Encoding: chunked\r\n") < end;
    *status = std::atoi(c->head.c_str() + 9);
    c->left = length < end ? std::strtoul(c->head.c_str() + length + 16, nullptr, 10) : 0;
    bytes = bytes.substr(bytes.size() - (c->head.size() - end - 4));
    c->in_body = true;
    c->tail = "\r\n";
  }
  if (c->chunked ? !TakeChunks(c, bytes) : !TakeLength(c, bytes)) return false;
  c->in_body = false;
  c->head.clear();
  return true;
}

class Load {
 public:
  Load(const Target& target, const std::vector<std::string>& paths, int count)
      : connections_(static_cast<std::size_t>(count)) {
    for (const std::string& path : paths) requests_.push_back(RequestFor(path));
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (Connection& c : connections_) {
      c.descriptor = Connect(target);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &c;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.descriptor, &event);
    }
  }
  ~Load() {
    for (Connection& c : connections_) ::close(c.descriptor);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadResult Run(std::chrono::milliseconds duration) {
    const Clock::time_point begin = Clock::now();
    until_ = begin + duration;
    for (Connection& c : connections_) Send(&c);
    std::array<epoll_event, 64> events{};
    while (Clock::now() < until_) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i) {
        OnReadable(static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
    }
    result_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    result_.p50_us = Quantile(0.50);
    result_.p99_us = Quantile(0.99);
    return result_;
  }

 private:
  void Send(Connection* c) {
    c->sent = Clock::now();
    const std::string& request = requests_[next_++ % requests_.size()];
    if (::send(c->descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) Fail(c);
  }

  void OnReadable(Connection* c) {
    const ssize_t n = ::recv(c->descriptor, buffer_.data(), buffer_.size(), 0);
    if (n <= 0) return Fail(c);
    int status = 200;
    const bool whole = Take(c, {buffer_.data(), static_cast<std::size_t>(n)}, &status);
    if (status != 200) ++result_.failures;
    if (!whole) return;
    ++result_.requests;
    times_us_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - c->sent).count());
    Send(c);
  }

  void Fail(Connection* c) {
    ++result_.failures;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, c->descriptor, nullptr);
  }

  double Quantile(double q) {
    if (times_us_.empty()) return 0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(times_us_.size() - 1));
    std::nth_element(times_us_.begin(), times_us_.begin() + static_cast<std::ptrdiff_t>(at),
                     times_us_.end());
    return static_cast<double>(times_us_[at]);
  }

  std::vector<std::string> requests_;
  std::size_t next_ = 0;
  std::vector<Connection> connections_;
  int epoll_ = -1;
  Clock::time_point until_;
  std::array<char, 65536> buffer_{};
  std::vector<float> times_us_;
  LoadResult result_;
};

}  // namespace

LoadResult RunLoad(const Target& target, int connections, std::chrono::milliseconds duration) {
  return RunLoad(target, {target.path}, connections, duration);
}

LoadResult RunLoad(const Target& target, const std::vector<std::string>& paths, int connections,
                   std::chrono::milliseconds duration) {
  return Load(target, paths, connections).Run(duration);
}

Bystanders::Bystanders(const Target& target, int idle, int slow)
    : request_(RequestFor(target.path)) {
  std::array<char, 65536> buffer{};
  for (int i = 0; i < idle + slow; ++i) {
    const int descriptor = Connect(target);
    if (descriptor < 0) continue;
    if (i >= idle) {
      slow_.push_back(descriptor);
      continue;
    }
    idle_.push_back(descriptor);
    ::send(descriptor, request_.data(), request_.size(), MSG_NOSIGNAL);
    Connection c;
    int status = 0;
    ssize_t n = 0;
    do {
      n = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    } while (n > 0 && !Take(&c, {buffer.data(), static_cast<std::size_t>(n)}, &status));
  }
}

Bystanders::~Bystanders() {
  for (const int descriptor : idle_) ::close(descriptor);
  for (const int descriptor : slow_) ::close(descriptor);
}

void Bystanders::SendByte() {
  if (next_ + 1 >= request_.size()) return;
  for (const int descriptor : slow_) ::send(descriptor, &request_[next_], 1, MSG_NOSIGNAL);
  ++next_;
}

bool Fetch(const Target& target, Fetched* out) {
  const int descriptor = Connect(target);
  if (descriptor < 0) return false;
  const std::string request = "GET " + target.path +
                              " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
                              "Connection: close\r\n\r\n";
  ::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL);
  std::string all;
  std::array<char, 65536> buffer{};
  for (ssize_t n = 0; (n = ::recv(descriptor, buffer.data(), buffer.size(), 0)) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(descriptor);
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  out->head = all.substr(0, end + 2);
  out->body = all.substr(end + 4);
  return true;
}

}  // namespace strata::bench
