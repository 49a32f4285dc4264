#pragma once

#include <strata/plugin.h>

#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include "core/base/mutex.h"
#include "plugins/hosting_mirror/commit_gate.h"
#include "plugins/hosting_mirror/replicator.h"
#include "storage/api/types.h"
#include "storage/replica/compare.h"
#include "strata/hosting/v1/hosting.strata.h"
#include "strata/hosting/v1/mirror.strata.h"

namespace strata::plugins::hosting_mirror {

struct MirrorOptions {
  Replicator::Options replicator;
  bool compare_at_start = false;
};

// The hosting contract over two stores: reads and decides in the primary, has every commit in the
// secondary too before it answers. Versions are the primary's, in both. Thread-safe; errors:
// README.md of proto/strata/hosting/v1. Configuration: README.md.
class HostingMirror final : public hosting::v1::HostingService, public hosting::v1::MirrorService {
 public:
  static Result<std::unique_ptr<HostingMirror>> Create(Host host, std::string_view config_json);

  Status Start();
  Status Health() { return replicator_.Health(); }
  Status Drain(std::chrono::steady_clock::time_point deadline);
  void Stop();

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

  Status MirrorStatus(Context& context, const hosting::v1::MirrorStatusRequest& request,
                      hosting::v1::MirrorStatusResponse* response) override;
  Status CompareStores(Context& context, const hosting::v1::CompareStoresRequest& request,
                       hosting::v1::CompareStoresResponse* response) override;

 private:
  HostingMirror(Host host, const MirrorOptions& options);
  void DescribeSecondary(const Context& context, hosting::v1::DescribeResponse* response);
  // What every commit does before and after the primary has it.
  template <typename Write>
  Status CommitBoth(Context& context, hosting::v1::CommitResponse* response, Write&& write);
  Status FillBoth(Context& context, std::vector<hosting::v1::IngestRequest> messages,
                  hosting::v1::IngestResponse* response);
  Result<storage::replica::CompareResult> Compare(const Context& context);

  const Host host_;
  const MirrorOptions options_;
  const hosting::v1::HostingClient primary_;
  const hosting::v1::HostingClient secondary_;
  const Metric different_gauge_;
  storage::Limits limits_;  // set by Start
  CommitGate gate_;
  Replicator replicator_;

  mutable base::Mutex mutex_;
  hosting::v1::DescribeResponse secondary_described_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t last_different_ STRATA_GUARDED_BY(mutex_) = 0;
  std::int64_t last_compared_us_ STRATA_GUARDED_BY(mutex_) = 0;
  CancelSource comparing_;
};

}  // namespace strata::plugins::hosting_mirror
