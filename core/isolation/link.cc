#include "core/isolation/link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/isolation/forward.h"

namespace strata::isolation {
namespace {

struct Pair {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

Result<Pair> MakeSockets(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) {
    return Unavailable(std::string("socketpair: ") + std::strerror(errno));
  }
  return Pair{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

Result<Pair> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Unavailable(std::string("pipe: ") + std::strerror(errno));
  }
  return Pair{base::UniqueFd(ends[1]), base::UniqueFd(ends[0])};
}

}  // namespace

Result<std::shared_ptr<Link>> Link::Start(ProcessSpec process) {
  STRATA_ASSIGN_OR_RETURN(Pair calls, MakeSockets(SOCK_STREAM));
  STRATA_ASSIGN_OR_RETURN(Pair core, MakeSockets(SOCK_STREAM));
  STRATA_ASSIGN_OR_RETURN(Pair lanes, MakeSockets(SOCK_SEQPACKET));
  STRATA_ASSIGN_OR_RETURN(Pair lifeline, MakePipe());
  std::shared_ptr<Link> link(new Link);
  process.descriptors = {{calls.theirs.get(), 3},
                         {core.theirs.get(), 4},
                         {lifeline.theirs.get(), 5},
                         {lanes.theirs.get(), 6}};
  STRATA_ASSIGN_OR_RETURN(link->process_, Process::Start(std::move(process)));
  link->lifeline_ = std::move(lifeline.ours);
  link->lanes_ = std::make_unique<Lanes>(std::move(lanes.ours));
  link->channel_ = ChannelOver(std::move(calls.ours));
  STRATA_ASSIGN_OR_RETURN(link->server_, RpcServer::Start(std::move(core.ours), &link->pool_,
                                                          link->callbacks_.Finder()));
  return link;
}

Link::~Link() { static_cast<void>(Close(std::chrono::steady_clock::now())); }

void Link::Break() {
  broken_ = true;
  process_->Kill();
}

std::string Link::Close(std::chrono::steady_clock::time_point deadline) {
  broken_ = true;
  const base::MutexLock lock(close_mutex_);
  lifeline_ = base::UniqueFd();
  std::optional<std::string> how;
  if (process_ != nullptr) {
    how = process_->WaitUntil(deadline);
    if (!how) {
      process_->Kill();
      how = process_->WaitUntil(std::chrono::steady_clock::time_point::max());
    }
  }
  if (server_ != nullptr) server_->Stop();
  return how.value_or("not started");
}

}  // namespace strata::isolation
