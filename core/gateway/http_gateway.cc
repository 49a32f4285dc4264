#include "core/gateway/http_gateway.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <Poco/Net/SocketAddress.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/gateway/active_threads.h"
#include "core/gateway/address.h"
#include "core/gateway/http_worker.h"

namespace strata::gateway {
namespace {

constexpr std::uint64_t kListenerKey = ~std::uint64_t{0};
constexpr std::uint64_t kWakeKey = kListenerKey - 1;
constexpr std::chrono::milliseconds kTick(100);
// Beside the request slots: so that health and refusals find a thread.
constexpr int kSpareThreads = 2;

int ThreadCount(const HttpOptions& options) { return options.request_slots + kSpareThreads; }

int ActiveCount() { return static_cast<int>(std::max(2U, std::thread::hardware_concurrency())); }

void NameThread(const std::string& name) { pthread_setname_np(pthread_self(), name.c_str()); }

std::string PeerAddress(const sockaddr_storage& address, socklen_t size) {
  const Poco::Net::SocketAddress peer(reinterpret_cast<const sockaddr*>(&address), size);
  return peer.host().toString();
}

}  // namespace

class HttpGateway::Impl {
 public:
  Impl(HttpOptions options, host::Ingress* ingress)
      : core_(std::move(options), ingress), active_(ThreadCount(core_.options), ActiveCount()) {}
  ~Impl();

  Status Open();
  void StartThreads();
  void Stop(std::chrono::milliseconds grace);
  const std::string& address() const { return address_text_; }

 private:
  bool Watch(int descriptor, std::uint32_t events, std::uint64_t key, int operation);
  void RunWorker(int number);
  void OnConnectionEvent(HttpWorker* worker, const epoll_event& event);
  void AcceptOne(HttpWorker* worker);
  void AddConnection(HttpWorker* worker, int descriptor, std::string peer);
  void RefuseConnection(int descriptor);
  void RearmListener();

  void RunHousekeeper();
  void Sweep(HttpWorker* worker);
  // Closes connections that wait for their next request; with `all`, whatever has no service.
  void CloseIdle(HttpWorker* worker, bool all);
  void CancelRunning();
  bool Quiet() const { return core_.table.open() == 0; }

  HttpCore core_;
  ActiveThreads active_;
  std::string address_text_;
  int listener_ = -1;
  int epoll_ = -1;
  int wake_ = -1;
  std::atomic<bool> accept_paused_{false};
  std::vector<std::thread> workers_;
  std::thread housekeeper_;
  base::Mutex mutex_;
  base::CondVar stop_changed_;
  bool housekeeper_stops_ STRATA_GUARDED_BY(mutex_) = false;
  bool stopped_ STRATA_GUARDED_BY(mutex_) = false;
};

HttpGateway::Impl::~Impl() {
  for (const int descriptor : {listener_, epoll_, wake_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

Status HttpGateway::Impl::Open() {
  STRATA_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(core_.options.address));
  if (!address.unix_path.empty()) {
    return InvalidArgument("the HTTP gateway listens on host:port, not on a Unix socket");
  }
  STRATA_ASSIGN_OR_RETURN(listener_, Listen(&address));
  address_text_ = address.ToString();
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0 || !Watch(wake_, EPOLLIN, kWakeKey, EPOLL_CTL_ADD) ||
      !Watch(listener_, EPOLLIN | EPOLLONESHOT, kListenerKey, EPOLL_CTL_ADD)) {
    return Unavailable("cannot watch sockets (out of file descriptors?)");
  }
  return OkStatus();
}

void HttpGateway::Impl::StartThreads() {
  for (int i = 0; i < ThreadCount(core_.options); ++i) {
    workers_.emplace_back([this, i] { RunWorker(i); });
  }
  housekeeper_ = std::thread([this] { RunHousekeeper(); });
}

bool HttpGateway::Impl::Watch(int descriptor, std::uint32_t events, std::uint64_t key,
                              int operation) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(epoll_, operation, descriptor, &event) == 0;
}

// ---- workers -----------------------------------------------------------------------------------

void HttpGateway::Impl::RunWorker(int number) {
  NameThread("http-" + std::to_string(number));
  HttpWorker worker(&core_, [this, number] { active_.Lend(number); });
  while (active_.Enter(number)) {
    auto place = ActiveThreads::Place::kKept;
    while (place == ActiveThreads::Place::kKept) {
      epoll_event event{};
      while (::epoll_wait(epoll_, &event, 1, -1) != 1) continue;
      if (event.data.u64 == kWakeKey) return;
      active_.Begin(number);
      if (event.data.u64 == kListenerKey) {
        AcceptOne(&worker);
      } else {
        OnConnectionEvent(&worker, event);
      }
      worker.ServeQueued();
      place = active_.End(number);
      worker.Learn(place == ActiveThreads::Place::kLentAsItWaited);
    }
  }
}

void HttpGateway::Impl::OnConnectionEvent(HttpWorker* worker, const epoll_event& event) {
  HttpConnection* connection = core_.table.Find(event.data.u64);
  const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
  const bool hang_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  switch (connection->Claim(generation, hang_up)) {
    case HttpConnection::Claimed::kYes:
      worker->Serve(connection);
      break;
    case HttpConnection::Claimed::kLeftToOwner:
      if (hang_up) connection->NotifyHangUp(generation);
      break;
    case HttpConnection::Claimed::kGone:
      break;
  }
}

void HttpGateway::Impl::AcceptOne(HttpWorker* worker) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  const int descriptor =
      ::accept4(listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    accept_paused_.store(true);  // out of descriptors or memory: the housekeeper tries again
    return;
  }
  // The next connection is another thread's while this one is being served.
  RearmListener();
  if (descriptor >= 0) AddConnection(worker, descriptor, PeerAddress(peer, size));
}

void HttpGateway::Impl::RearmListener() {
  if (core_.stopping.load()) return;
  Watch(listener_, EPOLLIN | EPOLLONESHOT, kListenerKey, EPOLL_CTL_MOD);
}

void HttpGateway::Impl::AddConnection(HttpWorker* worker, int descriptor, std::string peer) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (core_.stopping.load() || core_.table.open() >= core_.options.max_connections) {
    return RefuseConnection(descriptor);
  }
  HttpConnection* connection =
      core_.table.Open(std::make_unique<SocketTransport>(descriptor), std::move(peer));
  if (connection == nullptr) return;
  core_.metrics.connections.store(static_cast<std::int64_t>(core_.table.open()));
  const std::uint64_t key = HttpConnectionTable::Key(*connection);
  if (!Watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, key, EPOLL_CTL_ADD)) {
    core_.table.Close(connection);
    return;
  }
  worker->Serve(connection);
}

void HttpGateway::Impl::RefuseConnection(int descriptor) {
  core_.metrics.connections_refused.fetch_add(1, std::memory_order_relaxed);
  constexpr std::string_view kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
      "Content-Length: 0\r\n\r\n";
  static_cast<void>(::send(descriptor, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
  ::close(descriptor);
}

// ---- housekeeper -------------------------------------------------------------------------------

void HttpGateway::Impl::RunHousekeeper() {
  NameThread("http-house");
  HttpWorker worker(&core_);
  mutex_.Lock();
  while (!housekeeper_stops_) {
    stop_changed_.WaitFor(mutex_, kTick);
    mutex_.Unlock();
    Sweep(&worker);
    if (accept_paused_.exchange(false)) RearmListener();
    core_.metrics.connections.store(static_cast<std::int64_t>(core_.table.open()));
    mutex_.Lock();
  }
  mutex_.Unlock();
}

void HttpGateway::Impl::Sweep(HttpWorker* worker) {
  const std::int64_t now = NowUs();
  const auto expired = [now](const HttpConnection& c) {
    const std::int64_t expires = c.expires_us.load(std::memory_order_relaxed);
    return expires != 0 && now > expires;
  };
  core_.table.ForEach([&](HttpConnection& c) {
    if (!c.open() || !expired(c)) return;
    const std::uint32_t generation = c.generation();
    if (!c.TryClaim(generation)) {
      c.NotifyDeadline(generation, now, /*force=*/false);
    } else if (expired(c)) {
      worker->Expire(&c);
    } else if (!c.Release()) {
      worker->Serve(&c);
    }
  });
}

// ---- stopping ----------------------------------------------------------------------------------

void HttpGateway::Impl::CloseIdle(HttpWorker* worker, bool all) {
  core_.table.ForEach([&](HttpConnection& c) {
    if (!c.open() || !c.TryClaim(c.generation())) return;
    if (all || c.phase == HttpConnection::Phase::kReading) {
      core_.table.Close(&c);
    } else if (!c.Release()) {
      worker->Serve(&c);
    }
  });
}

void HttpGateway::Impl::CancelRunning() {
  core_.table.ForEach([](HttpConnection& c) {
    if (c.open()) c.NotifyDeadline(c.generation(), 0, /*force=*/true);
  });
}

void HttpGateway::Impl::Stop(std::chrono::milliseconds grace) {
  {
    const base::MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  core_.stopping.store(true);
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
  ::shutdown(listener_, SHUT_RD);
  HttpWorker worker(&core_);
  const std::int64_t until = NowUs() + grace.count() * 1000;
  while (true) {
    CloseIdle(&worker, /*all=*/false);
    const base::MutexLock lock(mutex_);
    if (Quiet() || NowUs() >= until) break;
    stop_changed_.WaitFor(mutex_, std::chrono::milliseconds(10));
  }
  CancelRunning();
  CloseIdle(&worker, /*all=*/true);
  active_.Stop();
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof(one)));
  for (std::thread& thread : workers_) thread.join();
  {
    const base::MutexLock lock(mutex_);
    housekeeper_stops_ = true;
  }
  stop_changed_.NotifyAll();
  housekeeper_.join();
  CloseIdle(&worker, /*all=*/true);
}

// ---- HttpGateway -------------------------------------------------------------------------------

HttpGateway::HttpGateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpGateway::~HttpGateway() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<HttpGateway>> HttpGateway::Start(HttpOptions options,
                                                        host::Ingress* ingress) {
  auto impl = std::make_unique<Impl>(std::move(options), ingress);
  STRATA_RETURN_IF_ERROR(impl->Open());
  impl->StartThreads();
  return std::unique_ptr<HttpGateway>(new HttpGateway(std::move(impl)));
}

const std::string& HttpGateway::address() const { return impl_->address(); }

void HttpGateway::Stop(std::chrono::milliseconds grace) { impl_->Stop(grace); }

}  // namespace strata::gateway
