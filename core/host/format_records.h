#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/stored_format.h"

namespace strata::host {

// In which formats the slots keep what they keep, so that it is known before a plugin runs that it
// cannot read it: `<folder>/formats.json`. What a running plugin says of its own store counts more;
// each start brings the record up to date. Thread-safe.
class FormatRecords final {
 public:
  struct Record {
    StoredFormat format;
    std::string change;  // That migrates it and goes on after a restart; empty: none does.

    bool operator==(const Record&) const = default;
  };

  // A file that cannot be read is logged and counts as none.
  FormatRecords(std::string folder, base::Log& log);

  // Of a slot's data in formats of that family; nothing: not known.
  std::optional<Record> Find(const std::string& slot, const std::string& family) const;
  // The slot whose data that change migrates, or nothing.
  std::optional<std::pair<std::string, Record>> FindChange(const std::string& change) const;

  // On the disk when it returns; nothing is written that is there already. Errors as
  // ReplaceDurably: it is as before then.
  Status Set(const std::string& slot, const Record& record);
  // What a plugin that has started says. The change stays. An error is logged too: the next start
  // brings it up to date.
  Status Learn(const std::string& slot, const StoredFormat& format);

 private:
  using Key = std::pair<std::string, std::string>;  // Slot, family.

  Status Load() STRATA_REQUIRES(mutex_);
  std::string ToJson() const STRATA_REQUIRES(mutex_);

  const std::string file_;
  base::Log& log_;
  mutable base::Mutex mutex_;
  std::map<Key, Record> records_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::host
