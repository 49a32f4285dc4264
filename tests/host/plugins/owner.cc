// Owns a number in a file, alone: in a swap it is handed over. Built as two versions; refuses one
// step when it is told to.
#include <fcntl.h>
#include <strata/handover.h>
#include <strata/plugin.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>

#include "hosttest/data/v1/probe.strata.h"

namespace hosttest::data::v1 {

class Owner final : public ProbeService {
 public:
  Owner(strata::Host host, std::string_view config)
      : host_(host), path_(std::string(host.StateDir()) + "/number"), refused_(Refused(config)) {}
  ~Owner() override { Close(); }

  strata::Status Start() { return strata::HandoverPending(host_) ? strata::OkStatus() : Acquire(); }
  strata::Status Health() {
    if (file_ >= 0 && refused_ == "health") return strata::Internal("told to be unhealthy");
    return file_ >= 0 ? strata::OkStatus() : strata::Unavailable("not the owner");
  }
  void Stop() { Close(); }

  strata::Status Release() {
    if (refused_ == "release") return strata::Internal("told not to release");
    Close();
    return {};
  }
  strata::Status Acquire() {
    if (refused_ == "acquire") return strata::Internal("told not to acquire");
    if (refused_ == "hang") WaitForPermission();
    return Open();
  }
  strata::Status Reacquire() {
    if (refused_ == "slow-return") WaitForPermission();
    return Open();
  }
  const void* Extension(std::string_view id) { return strata::HandoverExtension<Owner>(id); }

  // Counts one up; the number is in `deadline_us`.
  strata::Status Look(strata::Context&, const LookRequest&, LookResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (file_ < 0) return strata::Internal("called while not the owner");
    std::int64_t number = 0;
    static_cast<void>(::pread(file_, &number, sizeof number, 0));
    ++number;
    if (::pwrite(file_, &number, sizeof number, 0) != sizeof number) {
      return strata::Internal("cannot write");
    }
    Seen* const seen = response->add_seen();
    seen->set_version(OWNER_VERSION);
    seen->set_deadline_us(number);
    return {};
  }

 private:
  static std::string Refused(std::string_view config) {
    for (const char* step : {"release", "acquire", "health", "hang", "slow-return"}) {
      if (config.find('"' + std::string(step) + '"') != std::string_view::npos) return step;
    }
    return "";
  }

  // While there is a file "hold" beside the number.
  void WaitForPermission() const {
    const std::string hold = std::string(host_.StateDir()) + "/hold";
    while (::access(hold.c_str(), F_OK) == 0) ::usleep(1000);
  }

  strata::Status Open() {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return strata::Internal("cannot open its file");
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      ::close(file);
      return strata::FailedPrecondition("somebody else owns the file");
    }
    file_ = file;
    return {};
  }
  void Close() {
    if (const int file = file_.exchange(-1); file >= 0) ::close(file);
  }

  strata::Host host_;
  const std::string path_;
  const std::string refused_;
  std::mutex mutex_;
  std::atomic<int> file_{-1};
};

}  // namespace hosttest::data::v1

STRATA_PLUGIN_SERVICES(hosttest::data::v1::Owner, "hosttest.owner", OWNER_VERSION, "hosting",
                       hosttest::data::v1::ProbeService)
