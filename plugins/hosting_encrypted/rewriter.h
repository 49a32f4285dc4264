#pragma once

#include <strata/plugin.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "plugins/hosting_encrypted/key_store.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::plugins::hosting_encrypted {

// Encrypts old values with the newest data key, beside the work of others: one thread
// ("strata-rekey") that reads all rows and rewrites those of older keys, until a whole pass finds
// none. Then the older keys are forgotten. An interrupted pass begins anew; what it did stays done.
// Thread-safe.
class Rewriter {
 public:
  struct Progress {
    bool running = false;
    std::uint64_t rows_seen = 0;
    std::uint64_t rows_rewritten = 0;
    std::string problem;
  };

  // `share`: percent of the time that it may work.
  Rewriter(Host host, const hosting::v1::HostingClient* store, KeyStore* keys, unsigned share);
  ~Rewriter() { Stop(); }

  void Start();
  // There may be something to do.
  void Wake();
  void Stop();
  Progress progress() const;

 private:
  void Loop();
  // Over all rows; the number of those that were not of the newest key.
  Result<std::uint64_t> Pass(const Context& context);
  Result<std::uint64_t> Slice(const Context& context, std::string* at);
  Status Renew(const Context& context, const Keyring& ring, const std::string& rows,
               std::uint64_t* found);
  Status Send(const Context& context, hosting::v1::RewriteRequest* request);
  bool Overlapping() const;
  // True when it is time to stop.
  bool Rest(std::chrono::microseconds pause) STRATA_EXCLUDES(mutex_);

  const Host host_;
  const hosting::v1::HostingClient* const store_;
  KeyStore* const keys_;
  const unsigned share_;
  CancelSource cancel_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Progress progress_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace strata::plugins::hosting_encrypted
