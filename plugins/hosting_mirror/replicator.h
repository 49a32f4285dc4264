#pragma once

#include <strata/plugin.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/hosting_mirror/pairing.h"
#include "storage/replica/cursor.h"
#include "storage/replica/tail.h"

namespace strata::plugins::hosting_mirror {

enum class Policy {
  kRequired,  // a commit that the secondary lacks is not answered OK
  kDegrade    // without its secondary the mirror goes on alone, and heals later
};

// Keeps the secondary the same as the primary: one thread ("strata-mirror") follows the primary's
// commit feed, so that the order is the primary's and a secondary that was away, however it came to
// that, catches up in the same way. Thread-safe.
class Replicator {
 public:
  struct Options {
    Policy policy = Policy::kRequired;
    bool overwrite_secondary = false;
    // How long a commit or Start waits for a secondary that is catching up.
    std::chrono::milliseconds patience{5000};
  };
  struct State {
    bool attached = false;
    bool filling = false;
    std::string reason = "starting";
    std::uint64_t version = 0;  // up to which the secondary has everything
    std::uint64_t detached_times = 0;
  };

  Replicator(Host host, const hosting::v1::HostingClient* primary,
             const hosting::v1::HostingClient* secondary, Options options);
  ~Replicator() { Stop(); }

  // Fills an empty primary from its secondary, begins to follow and waits a little for the
  // secondary to catch up. FAILED_PRECONDITION: the stores do not belong together.
  Status Start();
  void Stop();

  State state() const;
  // OK, or under kRequired UNAVAILABLE while the secondary is not attached.
  Status Health() const;

  // Before a commit: under kRequired waits until the secondary is attached. UNAVAILABLE: it is not.
  Status AwaitAttached(const Context& context);
  // After a commit: waits until the secondary has it. Under kRequired UNAVAILABLE when it was lost
  // meanwhile; CANCELLED, DEADLINE_EXCEEDED.
  Status AwaitVersion(const Context& context, std::uint64_t version);

  // Changes both stores in a way that the feed does not show, the primary first. Should the mirror
  // end halfway, the secondary is filled anew. One at a time, and no commit meanwhile. UNAVAILABLE:
  // the secondary is not there.
  Status ChangeBoth(const Context& context, const std::function<Status()>& primary,
                    const std::function<Status()>& secondary);
  // Notes in the secondary whether it is a whole copy, and whose.
  Status Mark(const Context& context, storage::replica::Cursor::Phase phase);

 private:
  // Stops following, until Resume.
  void Pause();
  void Resume();
  void Loop();
  // Once through: pair, fill if need be, follow until something ends it.
  Status Follow(const Context& context);
  Status FillSecondary(const Context& context, storage::replica::Cursor cursor);
  Status FillPrimary(const Context& context, storage::replica::Cursor cursor);
  Status FollowOn(const Context& context, std::uint64_t* after);
  Status Carry(const Context& context, std::uint64_t* after, bool wait,
               bool* target_failed = nullptr);
  void Advance(std::uint64_t version);
  void SetAttached();
  void Detach(const Status& why);
  // Until the pause is over; true when it is time to stop.
  bool Rest(std::chrono::milliseconds pause) STRATA_EXCLUDES(mutex_);

  const Host host_;
  const hosting::v1::HostingClient* const primary_;
  const hosting::v1::HostingClient* const secondary_;
  const Options options_;
  const Metric attached_gauge_;
  const Metric lost_counter_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  State state_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  int paused_ STRATA_GUARDED_BY(mutex_) = 0;
  bool idle_ STRATA_GUARDED_BY(mutex_) = true;  // the thread calls nobody
  std::shared_ptr<CancelSource> running_ STRATA_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace strata::plugins::hosting_mirror
