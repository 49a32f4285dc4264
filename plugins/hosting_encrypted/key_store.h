#pragma once

#include <strata/plugin.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/hosting_encrypted/keyring.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::plugins::hosting_encrypted {

// The data keys as the store below keeps them, and in memory. A new store gets its first one with
// its first write, so that nothing but writes makes versions. Thread-safe.
class KeyStore {
 public:
  KeyStore(Host host, const hosting::v1::HostingClient* store) : host_(host), store_(store) {}

  // Reads what the store keeps, and opens it with `keys`; the first of them is active from now on:
  // another one than before brings a new data key. FAILED_PRECONDITION: a key is missing or wrong,
  // or the store holds rows that are not encrypted.
  Status Open(const Context& context, std::vector<WrappingKey> keys);
  // Reads again what the store keeps: another process may have added a key.
  Status Reload(const Context& context);
  // Forgets the data keys that no value needs any more.
  Status KeepLast(const Context& context);

  std::shared_ptr<const Keyring> ring() const;
  std::string active_key() const;

  // Calls write(ring, unsaved), which answers whether it saved them: `unsaved` are the bytes that
  // go to kKeyringKey in the same commit when the store has no data keys yet, else null.
  using Writing = std::function<Result<bool>(const Keyring& ring, const std::string* unsaved)>;
  Status Write(const Writing& write);

 private:
  using Change = std::function<Result<bool>(Keyring* ring)>;
  // What the store has; null: it has none.
  Result<std::unique_ptr<Keyring>> Read(const Context& context, std::string* bytes,
                                        std::uint64_t* version);
  Status Update(const Context& context, const Change& change);
  Status CheckEmpty(const Context& context);
  void Adopt(Keyring ring, bool saved);
  std::vector<WrappingKey> wrapping() const;

  const Host host_;
  const hosting::v1::HostingClient* const store_;
  std::atomic<bool> saved_{false};
  base::Mutex first_write_;  // before mutex_
  mutable base::Mutex mutex_;
  std::vector<WrappingKey> wrapping_ STRATA_GUARDED_BY(mutex_);
  std::shared_ptr<const Keyring> ring_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::plugins::hosting_encrypted
