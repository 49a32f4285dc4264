#pragma once

#include <strata/plugin.h>

#include <memory>
#include <string_view>
#include <vector>

#include "plugins/hosting_encrypted/config.h"
#include "plugins/hosting_encrypted/key_store.h"
#include "plugins/hosting_encrypted/rewriter.h"
#include "storage/api/types.h"
#include "strata/hosting/v1/encryption.strata.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::plugins::hosting_encrypted {

// The hosting contract over a store that sees no value in the clear. Thread-safe; errors: README.md
// of proto/strata/hosting/v1. Configuration, formats and what is not hidden: README.md.
class HostingEncrypted final : public hosting::v1::HostingService,
                               public hosting::v1::EncryptionService {
 public:
  static Result<std::unique_ptr<HostingEncrypted>> Create(Host host, std::string_view config_json);

  // FAILED_PRECONDITION: a key cannot be read or is not the one; the store is not encrypted, or its
  // limits leave no room.
  Status Start();
  // Other keys, while it serves.
  Status Reconfigure(std::string_view config_json);
  Status Drain(std::chrono::steady_clock::time_point deadline);
  void Stop() { rewriter_.Stop(); }

  Status Describe(Context& context, const hosting::v1::DescribeRequest& request,
                  hosting::v1::DescribeResponse* response) override;
  Status Get(Context& context, const hosting::v1::GetRequest& request,
             hosting::v1::GetResponse* response) override;
  Status Scan(Context& context, const hosting::v1::ScanRequest& request,
              Writer<hosting::v1::ScanResponse>& writer) override;
  Status OpenSnapshot(Context& context, const hosting::v1::OpenSnapshotRequest& request,
                      hosting::v1::OpenSnapshotResponse* response) override;
  Status CloseSnapshot(Context& context, const hosting::v1::CloseSnapshotRequest& request,
                       hosting::v1::CloseSnapshotResponse* response) override;
  Status Commit(Context& context, const hosting::v1::CommitRequest& request,
                hosting::v1::CommitResponse* response) override;
  Status CommitStream(Context& context, Reader<hosting::v1::CommitStreamRequest>& reader,
                      hosting::v1::CommitResponse* response) override;
  Status Watch(Context& context, const hosting::v1::WatchRequest& request,
               Writer<hosting::v1::WatchResponse>& writer) override;
  Status Backup(Context& context, const hosting::v1::BackupRequest& request,
                Writer<hosting::v1::BackupResponse>& writer) override;
  Status Restore(Context& context, Reader<hosting::v1::RestoreRequest>& reader,
                 hosting::v1::RestoreResponse* response) override;
  Status Ingest(Context& context, Reader<hosting::v1::IngestRequest>& reader,
                hosting::v1::IngestResponse* response) override;
  Status Rewrite(Context& context, const hosting::v1::RewriteRequest& request,
                 hosting::v1::RewriteResponse* response) override;

  Status EncryptionStatus(Context& context, const hosting::v1::EncryptionStatusRequest& request,
                          hosting::v1::EncryptionStatusResponse* response) override;

 private:
  using ChunkSink = std::function<bool(std::string rows, std::uint32_t count, std::uint64_t view)>;

  HostingEncrypted(Host host, EncryptedOptions options);
  Status OpenStore(const EncryptedOptions& options);
  // The rows of a range as the caller knows them, in chunks of at least 64 KiB but for the last.
  Status ScanOpened(Context& context, const hosting::v1::ScanRequest& request,
                    const ChunkSink& sink);
  Status CommitSealed(Context& context, const hosting::v1::CommitRequest& request,
                      const Keyring& ring, const std::string* unsaved, bool* raced,
                      hosting::v1::CommitResponse* response);

  const Host host_;
  const EncryptedOptions options_;
  const hosting::v1::HostingClient store_;
  const storage::Limits limits_;  // what callers may use
  KeyStore keys_;
  Rewriter rewriter_;
};

}  // namespace strata::plugins::hosting_encrypted
