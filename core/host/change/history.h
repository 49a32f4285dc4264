#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

// Every change of the stack: those that run and those that ended, also under earlier runs of the
// core. Each state that a change reaches is a line of JSON in `<folder>/changes.jsonl`, appended
// and fsynced before anybody is told; the last line of an id counts. Thread-safe.
class ChangeHistory final {
 public:
  // Lines that do not parse (half a line after a loss of power) are skipped and logged.
  ChangeHistory(std::string folder, const base::Clock& clock, base::Log& log);

  // Starts a change: gives it an id ("c12") and the time, and records it.
  core::v1::Change Add(core::v1::Change change, const std::string& request_id);

  // Changes a change. With `record`, the line is written too.
  void Update(const std::string& id, const std::function<void(core::v1::Change*)>& edit,
              bool record = false);

  // NOT_FOUND: no such change.
  Result<core::v1::Change> Get(const std::string& id) const;
  // The change that was asked for by that id, or nothing.
  Result<core::v1::Change> FindRequest(const std::string& request_id) const;
  // Newest first, of one slot or (empty) of all.
  std::vector<core::v1::Change> List(const std::string& slot, std::size_t limit) const;
  // Changes that had not ended when the core last did: RUNNING or PROBATION.
  std::vector<core::v1::Change> Unfinished() const;

  // Blocks until the change is another edition than `*seen`, or until `deadline`. NOT_FOUND.
  Result<core::v1::Change> Next(const std::string& id, std::uint64_t* seen,
                                std::chrono::steady_clock::time_point deadline) const;

  static bool Ended(const core::v1::Change& change);

 private:
  struct Entry {
    core::v1::Change change;
    std::string request_id;
    std::uint64_t edition = 1;
  };

  void Load();
  void Append(const Entry& entry) const STRATA_REQUIRES(mutex_);

  const std::string folder_;
  const base::Clock& clock_;
  base::Log& log_;
  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  std::map<std::uint64_t, Entry> entries_ STRATA_GUARDED_BY(mutex_);  // By number: "c12" is 12.
};

// "c12" -> 12; 0 when it is no such id.
std::uint64_t ChangeNumber(std::string_view id);

}  // namespace strata::host
