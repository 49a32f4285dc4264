#include "plugins/hosting_encrypted/key_store.h"

#include <utility>

#include "plugins/hosting_encrypted/key_map.h"

namespace strata::plugins::hosting_encrypted {
namespace {

namespace v1 = hosting::v1;

// Others may change the row at the same time, but not for ever.
constexpr int kAttempts = 10;

}  // namespace

std::shared_ptr<const Keyring> KeyStore::ring() const {
  base::MutexLock lock(mutex_);
  return ring_;
}

std::vector<WrappingKey> KeyStore::wrapping() const {
  base::MutexLock lock(mutex_);
  return wrapping_;
}

std::string KeyStore::active_key() const {
  base::MutexLock lock(mutex_);
  return wrapping_.empty() ? std::string() : wrapping_.front().id;
}

void KeyStore::Adopt(Keyring ring, bool saved) {
  auto shared = std::make_shared<const Keyring>(std::move(ring));
  base::MutexLock lock(mutex_);
  ring_ = std::move(shared);
  saved_.store(saved, std::memory_order_release);
}

Result<std::unique_ptr<Keyring>> KeyStore::Read(const Context& context, std::string* bytes,
                                                std::uint64_t* version) {
  v1::GetRequest request;
  request.add_keys(std::string(kKeyringKey));
  v1::GetResponse response;
  STRATA_RETURN_IF_ERROR(store_->Get(context, request, &response));
  if (response.entries_size() != 1) return Internal("the store answered another number of keys");
  *version = response.entries(0).version();
  *bytes = response.entries(0).value();
  if (*version == 0) return std::unique_ptr<Keyring>();
  STRATA_ASSIGN_OR_RETURN(Keyring ring, Keyring::Decode(*bytes));
  STRATA_RETURN_IF_ERROR(ring.Unwrap(wrapping()));
  return std::make_unique<Keyring>(std::move(ring));
}

Status KeyStore::CheckEmpty(const Context& context) {
  v1::ScanRequest scan;
  scan.set_limit(1);
  scan.set_keys_only(true);
  std::uint32_t rows = 0;
  STRATA_RETURN_IF_ERROR(store_->Scan(context, scan, [&](v1::ScanResponse& chunk) {
    rows += chunk.row_count();
    return true;
  }));
  if (rows == 0) return OkStatus();
  return FailedPrecondition(
      "the store holds rows that are not encrypted; move them here from a plain slot instead");
}

Status KeyStore::Open(const Context& context, std::vector<WrappingKey> keys) {
  std::vector<WrappingKey> before;
  {
    base::MutexLock lock(mutex_);
    before = std::exchange(wrapping_, keys);
  }
  const Status opened = [&]() -> Status {
    std::string bytes;
    std::uint64_t version = 0;
    STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Keyring> ring, Read(context, &bytes, &version));
    if (ring == nullptr) {
      STRATA_RETURN_IF_ERROR(CheckEmpty(context));
      Keyring made;
      STRATA_RETURN_IF_ERROR(made.AddDataKey(keys, host_.NowUs()));
      Adopt(std::move(made), /*saved=*/false);
      return OkStatus();
    }
    Adopt(std::move(*ring), /*saved=*/true);
    return Update(context, [&](Keyring* current) -> Result<bool> {
      STRATA_ASSIGN_OR_RETURN(const bool rewrapped, current->Rewrap(keys));
      if (current->active().made_for == keys.front().id) return rewrapped;
      STRATA_RETURN_IF_ERROR(current->AddDataKey(keys, host_.NowUs()));
      host_.Info("hosting_encrypted.new_data_key",
                 {{"data_key", current->active().id}, {"key", keys.front().id}});
      return true;
    });
  }();
  if (!opened.ok() && !before.empty()) {
    base::MutexLock lock(mutex_);
    wrapping_ = std::move(before);
  }
  return opened;
}

Status KeyStore::Reload(const Context& context) {
  std::string bytes;
  std::uint64_t version = 0;
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Keyring> ring, Read(context, &bytes, &version));
  if (ring != nullptr) Adopt(std::move(*ring), /*saved=*/true);
  return OkStatus();
}

Status KeyStore::Update(const Context& context, const Change& change) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string bytes;
    std::uint64_t version = 0;
    STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Keyring> ring, Read(context, &bytes, &version));
    if (ring == nullptr) return FailedPrecondition("the store has lost its data keys");
    STRATA_ASSIGN_OR_RETURN(const bool changed, change(ring.get()));
    if (changed) {
      v1::RewriteRequest request;
      v1::RowRewrite* row = request.add_rows();
      row->set_key(std::string(kKeyringKey));
      row->set_version(version);
      row->set_expected(bytes);
      row->set_value(ring->Encode());
      v1::RewriteResponse response;
      STRATA_RETURN_IF_ERROR(store_->Rewrite(context, request, &response));
      if (response.skipped_size() > 0) continue;
    }
    Adopt(std::move(*ring), /*saved=*/true);
    return OkStatus();
  }
  return Unavailable("somebody else keeps changing the data keys");
}

Status KeyStore::KeepLast(const Context& context) {
  return Update(context, [&](Keyring* ring) -> Result<bool> {
    if (ring->keys().size() == 1) return false;
    host_.Info("hosting_encrypted.retired_data_keys",
               {{"count", ring->keys().size() - 1}, {"data_key", ring->active().id}});
    ring->KeepLast();
    return true;
  });
}

Status KeyStore::Write(const Writing& write) {
  if (saved_.load(std::memory_order_acquire)) return write(*ring(), nullptr).status();
  base::MutexLock lock(first_write_);
  if (saved_.load(std::memory_order_acquire)) return write(*ring(), nullptr).status();
  const std::shared_ptr<const Keyring> mine = ring();
  const std::string unsaved = mine->Encode();
  STRATA_ASSIGN_OR_RETURN(const bool saved, write(*mine, &unsaved));
  if (saved) saved_.store(true, std::memory_order_release);
  return OkStatus();
}

}  // namespace strata::plugins::hosting_encrypted
