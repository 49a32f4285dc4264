#include "core/isolation/lane_server.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "core/isolation/lanes.h"

namespace strata::isolation {

LaneServer::LaneServer(Serve serve)
    : serve_(std::move(serve)), watched_(::epoll_create1(EPOLL_CLOEXEC)) {}

void LaneServer::Run(base::UniqueFd control, Serve serve) {
  auto* const server = new LaneServer(std::move(serve));  // Its threads end with the process.
  std::thread([server] {
    pthread_setname_np(pthread_self(), "strata-cancel");
    server->Watch();
  }).detach();
  while (base::UniqueFd socket = ReceiveDescriptor(control.get())) server->Take(std::move(socket));
  while (true) ::pause();  // The core is gone: this process ends in a moment.
}

// Where there is no thread for it the socket is closed, and the core takes another way.
void LaneServer::Take(base::UniqueFd socket) {
  auto served = std::make_shared<Served>(std::move(socket));
  std::uint64_t number = 0;
  {
    const base::MutexLock lock(mutex_);
    number = ++last_;
    lanes_[number] = served;
  }
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLONESHOT;
  event.data.u64 = number;
  ::epoll_ctl(watched_.get(), EPOLL_CTL_ADD, served->lane.descriptor(), &event);
  try {
    std::thread([this, number, served] {
      pthread_setname_np(pthread_self(), "strata-lane");
      ServeLane(number, served.get());
    }).detach();
  } catch (const std::system_error&) {
    const base::MutexLock lock(mutex_);
    lanes_.erase(number);
  }
}

void LaneServer::ServeLane(std::uint64_t number, Served* served) {
  bool going = served->lane.Send(LaneKind::kReady, {}, nullptr, 0) == Lane::Result::kDone;
  while (going) {
    LaneFrame frame;
    going = served->lane.Receive(&frame, /*deadline_us=*/0) == Lane::Result::kDone &&
            frame.kind == LaneKind::kCall && ServeCall(served, frame);
  }
  served->lane.Shut();
  const base::MutexLock lock(mutex_);
  lanes_.erase(number);
}

bool LaneServer::ServeCall(Served* served, const LaneFrame& frame) {
  CancelSource cancel;
  {
    const base::MutexLock lock(served->mutex);
    if (served->gone) cancel.Cancel();
    served->call = &cancel;
  }
  const bool going = serve_(&served->lane, &cancel, frame);
  const base::MutexLock lock(served->mutex);
  served->call = nullptr;
  return going;
}

void LaneServer::Watch() {
  epoll_event events[16];
  while (true) {
    const int count = ::epoll_wait(watched_.get(), events, 16, -1);
    for (int i = 0; i < count; ++i) {
      std::shared_ptr<Served> served;
      {
        const base::MutexLock lock(mutex_);
        const auto found = lanes_.find(events[i].data.u64);
        if (found != lanes_.end()) served = found->second;
      }
      if (served == nullptr) continue;
      const base::MutexLock lock(served->mutex);
      served->gone = true;
      if (served->call != nullptr) served->call->Cancel();
    }
  }
}

}  // namespace strata::isolation
