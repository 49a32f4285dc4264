#pragma once

#include <memory>
#include <string>

#include "core/base/status.h"
#include "storage/api/engine.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::storage::service {

// The hosting contract on top of an engine: what every hosting plugin with an engine of this folder
// derives from. Thread-safe between SetEngine and TakeEngine; errors: README.md of
// proto/strata/hosting/v1.
class EngineService : public hosting::v1::HostingService {
 public:
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

  // UNAVAILABLE before the engine is open.
  Status Health();

 protected:
  // `spool_folder` takes the part of large commits that does not fit into memory.
  void SetEngine(std::unique_ptr<Engine> engine, std::string spool_folder);
  Engine* engine() { return engine_.get(); }
  // Closes the engine; no call may be in flight.
  Status CloseEngine();
  // The same for another engine that opens the store at once (Engine::Release).
  Status ReleaseEngine();

 private:
  std::unique_ptr<Engine> engine_;
  std::string spool_folder_;
};

}  // namespace strata::storage::service
