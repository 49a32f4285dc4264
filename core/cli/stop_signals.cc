#include "core/cli/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace strata::cli {
namespace {

constexpr int kExitBySignal = 128;  // As shells tell it.

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  arrived_ = base::UniqueFd(signalfd(-1, &signals_, SFD_CLOEXEC));
  started_ = base::UniqueFd(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-signals");
    EndAtOnce();
  });
}

void StopSignals::EndAtOnce() const {
  std::array<pollfd, 2> waits = {{{arrived_.get(), POLLIN, 0}, {started_.get(), POLLIN, 0}}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
  if (waits[1].revents != 0) return;  // What has arrived is for Wait.
  signalfd_siginfo signal{};
  if (read(arrived_.get(), &signal, sizeof signal) != sizeof signal) return;
  _exit(kExitBySignal + static_cast<int>(signal.ssi_signo));
}

void StopSignals::Started() {
  if (!thread_.joinable()) return;
  eventfd_write(started_.get(), 1);
  thread_.join();
}

int StopSignals::Wait() {
  int number = 0;
  sigwait(&signals_, &number);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return number;
}

}  // namespace strata::cli
