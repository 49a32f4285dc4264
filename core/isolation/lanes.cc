#include "core/isolation/lanes.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

// For a thread of the process to be there.
constexpr std::int64_t kReadyUs = 1'000'000;

// A message of one byte with room for one descriptor.
struct Carrier {
  Carrier() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
  }
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
};

}  // namespace

bool SendDescriptor(int control, int descriptor) {
  Carrier carrier;
  cmsghdr* const header = CMSG_FIRSTHDR(&carrier.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(control, &carrier.message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

base::UniqueFd ReceiveDescriptor(int control) {
  while (true) {
    Carrier carrier;
    const ssize_t got = ::recvmsg(control, &carrier.message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    const cmsghdr* const header = CMSG_FIRSTHDR(&carrier.message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) continue;  // It had none to spare.
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return base::UniqueFd(descriptor);
  }
}

std::unique_ptr<Lane> Lanes::Take(std::int64_t deadline_us) {
  {
    const base::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Lane> lane = std::move(idle_.back().lane);
      idle_.pop_back();
      return lane;
    }
  }
  return Make(deadline_us);
}

std::unique_ptr<Lane> Lanes::Make(std::int64_t deadline_us) const {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
  auto lane = std::make_unique<Lane>(base::UniqueFd(ends[0]));
  {
    const base::UniqueFd theirs(ends[1]);
    if (!SendDescriptor(control_.get(), theirs.get())) return nullptr;
  }
  std::int64_t until_us = abi::MonotonicUs() + kReadyUs;
  if (deadline_us != 0) until_us = std::min(until_us, deadline_us);
  LaneFrame ready;
  const Lane::Result got = lane->Receive(&ready, until_us);
  return got == Lane::Result::kDone && ready.kind == LaneKind::kReady ? std::move(lane) : nullptr;
}

void Lanes::Give(std::unique_ptr<Lane> lane) {
  if (lane->shut()) return;
  const auto now = std::chrono::steady_clock::now();
  const base::MutexLock lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back({std::move(lane), now});
  if (now - idle_.front().since > kIdle) idle_.erase(idle_.begin());
}

}  // namespace strata::isolation
