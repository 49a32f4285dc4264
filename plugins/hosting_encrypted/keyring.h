#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/hosting_encrypted/xaes_gcm.h"

namespace strata::plugins::hosting_encrypted {

// A key-encryption key that is at hand.
struct WrappingKey {
  std::string id;
  XaesKey key;
};

// One data key: in memory as it is, stored only as wrapped.
struct DataKey {
  std::uint64_t id = 0;
  std::int64_t created_us = 0;
  // The key that was active when it was made: another one asks for a new data key.
  std::string made_for;
  std::map<std::string, std::string> wraps;  // by id of the wrapping key
  std::shared_ptr<const XaesKey> key;        // null: no key at hand opens it
};

// The data keys of a store, oldest first; the last one encrypts. Immutable once shared.
class Keyring {
 public:
  // What the store keeps: FORMAT in README.md. DATA_LOSS: it cannot be read.
  static Result<Keyring> Decode(std::string_view bytes);
  std::string Encode() const;

  // Opens the data keys with what is at hand. FAILED_PRECONDITION says which key is missing or
  // wrong.
  Status Unwrap(const std::vector<WrappingKey>& keys);
  // Adds a data key and wraps it.
  Status AddDataKey(const std::vector<WrappingKey>& keys, std::int64_t now_us);
  // Wraps every data key with exactly the keys at hand, the first of them being the active one;
  // true when that changed anything.
  Result<bool> Rewrap(const std::vector<WrappingKey>& keys);
  // Forgets all data keys but the last one.
  void KeepLast() { keys_.erase(keys_.begin(), keys_.end() - 1); }

  const std::vector<DataKey>& keys() const { return keys_; }
  const DataKey& active() const { return keys_.back(); }
  // Null: there is no such key.
  const XaesKey* Find(std::uint64_t id) const;

 private:
  std::vector<DataKey> keys_;
};

}  // namespace strata::plugins::hosting_encrypted
