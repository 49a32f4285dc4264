#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/rows.h"
#include "core/base/status.h"
#include "plugins/hosting_encrypted/key_store.h"
#include "storage/api/types.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "strata/stream.h"

// What becomes of rows and messages on their way through the plugin.
namespace strata::plugins::hosting_encrypted {

// Opens values for one call; asks for the data keys again when one is new to it. Single-threaded.
class Opener {
 public:
  Opener(KeyStore* keys, const Context* context)
      : keys_(keys), context_(context), ring_(keys->ring()) {}

  // Errors of OpenValue.
  Status Open(std::string_view key, std::uint64_t version, std::string_view stored,
              std::string* value);
  // Appends the rows of a chunk as the caller knows them.
  Status OpenRows(std::string_view stored, bool keys_only, std::string* rows);
  Status OpenEvent(hosting::v1::CommitEvent* event);

 private:
  KeyStore* const keys_;
  const Context* const context_;
  std::shared_ptr<const Keyring> ring_;
  std::string value_;
};

// Into the form of the store below. INVALID_ARGUMENT: outside the limits, or of no known kind.
Status SealMutation(const Keyring& ring, const storage::Limits& limits,
                    const hosting::v1::Mutation& mutation, hosting::v1::Mutation* sealed,
                    std::uint64_t* bytes);
hosting::v1::Precondition StorePrecondition(const hosting::v1::Precondition& precondition);
// In place.
Status SealIngest(const Keyring& ring, const storage::Limits& limits,
                  hosting::v1::IngestRequest* message);

// A backup of plain rows as one of sealed rows. Single-threaded.
class BackupSealer {
 public:
  // `read` gives the bytes of the plain backup.
  BackupSealer(const Keyring& ring, const storage::Limits& limits, storage::ByteSource read);
  ~BackupSealer();
  BackupSealer(const BackupSealer&) = delete;
  BackupSealer& operator=(const BackupSealer&) = delete;

  // The next bytes of the sealed backup; false at its end. Codes of a damaged backup: api/engine.h.
  Result<bool> Next(std::string* bytes);
  // Whether it begins with the row of the data keys.
  bool has_keyring() const { return has_keyring_; }

 private:
  struct Parts;
  const Keyring& ring_;
  std::unique_ptr<Parts> parts_;
  bool has_keyring_ = false;
};

}  // namespace strata::plugins::hosting_encrypted
