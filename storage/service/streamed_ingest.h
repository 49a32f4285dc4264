#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "storage/api/mutation_spool.h"
#include "storage/api/types.h"
#include "strata/hosting/v1/hosting.pb.h"

namespace strata::storage::service {

// What the stream of one Ingest has brought so far; what does not fit into memory goes into files
// without a name. Single-threaded.
class StreamedIngest {
 public:
  // `folder` takes the files.
  StreamedIngest(std::string folder, const Limits& limits);

  // INVALID_ARGUMENT: not in order, outside the limits, or of a kind that is not known.
  Status Add(const hosting::v1::IngestRequest& message);

  // When the stream has ended; borrows from this object.
  Result<IngestRequest> ToRequest();

 private:
  struct Commit {
    Commit(const hosting::v1::CommitEvent& event, const std::string& folder, const Limits& limits);
    const Version version;
    const std::int64_t committed_us;
    MutationSpool changes;
  };

  Status AddRows(const std::string& rows);
  Status AddCommit(const hosting::v1::CommitEvent& event);
  Status AddChange(const hosting::v1::Change& change, MutationSpool* changes);

  const std::string folder_;
  const Limits limits_;
  MutationSpool rows_;
  std::deque<Commit> commits_;
  bool continues_ = false;
  std::uint64_t bytes_ = 0;  // of all messages
  Version up_to_ = 0;
  bool restart_feed_ = false;
  std::optional<std::string> cursor_;
};

}  // namespace strata::storage::service
