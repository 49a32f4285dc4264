#include "plugins/hosting_encrypted/keyring.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "core/base/rows.h"

namespace strata::plugins::hosting_encrypted {
namespace {

constexpr std::string_view kMagic = "STRATAK1";

// What binds a wrapped key to its place.
std::string WrapContext(std::uint64_t data_key, std::string_view wrapping_key) {
  std::string context("strata data key\0", 16);
  AppendVarint(&context, data_key);
  AppendBytes(&context, wrapping_key);
  return context;
}

Result<std::string> Wrap(const DataKey& data_key, const WrappingKey& with) {
  const KeyBytes& bytes = data_key.key->key();
  std::string wrapped;
  STRATA_RETURN_IF_ERROR(with.key.Seal({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                       WrapContext(data_key.id, with.id), &wrapped));
  return wrapped;
}

// Null: none of its wraps is of a key at hand.
Result<std::shared_ptr<const XaesKey>> UnwrapOne(const DataKey& data_key,
                                                 const std::vector<WrappingKey>& keys) {
  for (const WrappingKey& with : keys) {
    const auto wrap = data_key.wraps.find(with.id);
    if (wrap == data_key.wraps.end()) continue;
    std::string plain;
    const Status opened = with.key.Open(wrap->second, WrapContext(data_key.id, with.id), &plain);
    if (!opened.ok() || plain.size() != kKeyBytes) {
      return FailedPrecondition("key \"" + with.id +
                                "\" is not the one that this store was encrypted with");
    }
    KeyBytes bytes{};
    plain.copy(reinterpret_cast<char*>(bytes.data()), bytes.size());
    OPENSSL_cleanse(plain.data(), plain.size());
    STRATA_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Make(bytes));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return std::make_shared<const XaesKey>(std::move(key));
  }
  return std::shared_ptr<const XaesKey>();
}

bool TakeKey(std::string_view* in, DataKey* key) {
  std::uint64_t created = 0;
  std::uint64_t count = 0;
  std::string_view made_for;
  if (!TakeVarint(in, &key->id) || !TakeVarint(in, &created) || !TakeBytes(in, &made_for) ||
      !TakeVarint(in, &count)) {
    return false;
  }
  key->created_us = static_cast<std::int64_t>(created);
  key->made_for = made_for;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string_view id;
    std::string_view wrapped;
    if (!TakeBytes(in, &id) || !TakeBytes(in, &wrapped)) return false;
    key->wraps.emplace(id, wrapped);
  }
  return true;
}

}  // namespace

Result<Keyring> Keyring::Decode(std::string_view bytes) {
  Keyring ring;
  const Status damaged = DataLoss("the wrapped data keys of the store cannot be read");
  if (bytes.substr(0, kMagic.size()) != kMagic) return damaged;
  bytes.remove_prefix(kMagic.size());
  std::uint64_t count = 0;
  if (!TakeVarint(&bytes, &count) || count == 0) return damaged;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!TakeKey(&bytes, &ring.keys_.emplace_back())) return damaged;
  }
  return ring;
}

std::string Keyring::Encode() const {
  std::string bytes(kMagic);
  AppendVarint(&bytes, keys_.size());
  for (const DataKey& key : keys_) {
    AppendVarint(&bytes, key.id);
    AppendVarint(&bytes, static_cast<std::uint64_t>(key.created_us));
    AppendBytes(&bytes, key.made_for);
    AppendVarint(&bytes, key.wraps.size());
    for (const auto& [id, wrapped] : key.wraps) {
      AppendBytes(&bytes, id);
      AppendBytes(&bytes, wrapped);
    }
  }
  return bytes;
}

Status Keyring::Unwrap(const std::vector<WrappingKey>& keys) {
  for (DataKey& data_key : keys_) {
    STRATA_ASSIGN_OR_RETURN(data_key.key, UnwrapOne(data_key, keys));
    if (data_key.key != nullptr) continue;
    std::string ids;
    for (const auto& [id, wrapped] : data_key.wraps)
      ids += (ids.empty() ? "\"" : ", \"") + id + "\"";
    return FailedPrecondition("the store was encrypted with key " + ids +
                              ", and \"keys\" names none of them");
  }
  return OkStatus();
}

Status Keyring::AddDataKey(const std::vector<WrappingKey>& keys, std::int64_t now_us) {
  STRATA_ASSIGN_OR_RETURN(KeyBytes bytes, RandomKey());
  STRATA_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Make(bytes));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  DataKey made;
  made.id = keys_.empty() ? 1 : keys_.back().id + 1;
  made.created_us = now_us;
  made.made_for = keys.front().id;
  made.key = std::make_shared<const XaesKey>(std::move(key));
  keys_.push_back(std::move(made));
  return Rewrap(keys).status();
}

Result<bool> Keyring::Rewrap(const std::vector<WrappingKey>& keys) {
  bool changed = false;
  for (DataKey& data_key : keys_) {
    std::map<std::string, std::string> wraps;
    for (const WrappingKey& with : keys) {
      const auto known = data_key.wraps.find(with.id);
      if (known != data_key.wraps.end()) {
        wraps.insert(*known);
        continue;
      }
      STRATA_ASSIGN_OR_RETURN(wraps[with.id], Wrap(data_key, with));
    }
    changed = changed || wraps != data_key.wraps;
    data_key.wraps = std::move(wraps);
  }
  return changed;
}

const XaesKey* Keyring::Find(std::uint64_t id) const {
  // The last one is asked for nearly always.
  for (auto key = keys_.rbegin(); key != keys_.rend(); ++key) {
    if (key->id == id) return key->key.get();
  }
  return nullptr;
}

}  // namespace strata::plugins::hosting_encrypted
