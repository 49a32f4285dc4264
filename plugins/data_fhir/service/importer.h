#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <deque>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/data_fhir/service/import_job.h"

namespace strata::fhir::service {

// Imports a stream: the calling thread cuts it into batches, worker threads parse, index, pack and
// commit them, several at a time. At most kMaxQueuedBytes of text wait. Owns its threads, which end
// with Finish or the destructor. Single-threaded.
class Importer final {
 public:
  Importer(store::Store& store, const Context& cx, const bundle::Environment& environment);
  ~Importer();
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  // Takes one text; blocks while too much is waiting. An error: the store failed.
  Status Add(ImportText text);
  // What was done since the last call.
  ImportProgress TakeProgress();
  // Waits until everything is done.
  Status Finish();

 private:
  static constexpr std::size_t kBatchTexts = 1000;
  static constexpr std::size_t kBatchBytes = std::size_t{2} << 20;
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;

  Status Send();
  void Work();
  void Merge(ImportProgress progress, const Status& status) STRATA_REQUIRES(mutex_);

  store::Store& store_;
  const Context& cx_;
  const bundle::Environment environment_;
  KeyOrder order_;
  ImportBatch filling_;
  std::uint64_t batches_ = 0;
  std::vector<std::thread> threads_;

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<ImportBatch> queue_ STRATA_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  Status status_ STRATA_GUARDED_BY(mutex_);
  ImportProgress progress_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::fhir::service
