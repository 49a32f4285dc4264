#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/status.h"
#include "core/host/stack_file.h"
#include "core/host/stored_format.h"

namespace strata::host {

// What changes made of the slots of a stack file, so that the next start of the core runs what ran
// last: `<folder>/running.json`. A change on probation is not part of it until its probation has
// ended well, so that a plugin which ends the core is not started again; one that has copied the
// records is at once, because what is written from then on is only there. What a change that copies
// records was about to do is kept as well, so that the next start goes on with it. Whoever edits a
// slot in the stack file afterwards is newer: the file counts. Single-threaded.
class KeptChanges final {
 public:
  // A file that cannot be read is logged and counts as none.
  KeptChanges(std::string folder, base::Log& log);

  // Turns the slots of a stack file into those that ran last; config->file_slots keeps what the
  // file says.
  void Restore(StackConfig* config);

  // What a change has made of a slot.
  struct Made {
    std::string change;
    const SlotConfig* file = nullptr;  // What the stack file says of it; null: nothing.
    const SlotConfig* now = nullptr;   // Null: it is removed.
    bool confirmed = false;            // It counts for the next start; else it is on probation.
    // How its records are stored from now on, if that changed with them: on the disk in the same
    // instant, until FormatRecords has it.
    StoredFormat format{};
  };
  // Not on the disk before Save.
  void Set(const std::string& slot, const Made& made);
  // By slot, the formats that nobody is known to have recorded elsewhere; after Restore.
  std::map<std::string, StoredFormat> Formats() const;
  // All are recorded. False: there was none.
  bool ForgetFormats();
  // The probation of that change has ended well.
  void Confirm(const std::string& change);
  // Forgets all: the stack file counts.
  void Clear();
  // Writes the file. An error is logged too, because most of what runs must not depend on a full
  // disk.
  Status Save();
  // Takes back what was set since the last Save that succeeded.
  void Undo() { slots_ = saved_; }

  // `change`, which copies records, is about to make `now` of a slot (null: remove it).
  void SetCopying(const std::string& slot, const SlotConfig* file, const SlotConfig* now,
                  const std::string& change);
  // False: there was nothing of it.
  bool ClearCopying();
  // What a change that was cut off is still to do: by slot; nothing: it is to be removed.
  struct Copying {
    std::string change;
    std::map<std::string, std::optional<SlotConfig>> slots;
  };
  // Nothing where the stack file was edited since.
  std::optional<Copying> CutOff(const std::vector<SlotConfig>& file) const;
  // Whether what runs was made by that change.
  bool WasMadeBy(const std::string& change) const;

 private:
  struct State {
    std::optional<SlotConfig> entry;  // Nothing: the slot is removed.
    std::string change;
    StoredFormat format{};
  };
  struct Kept {
    std::string file;  // Digest of the stack file's entry that it goes beyond; empty: no entry.
    std::optional<State> confirmed;
    std::optional<State> pending;  // On probation.
    std::optional<State> copying;  // While records are copied.
  };

  Status Load();

  const std::string folder_;
  base::Log& log_;
  std::map<std::string, Kept> slots_;
  std::map<std::string, Kept> saved_;
};

// A slot's entry as JSON, the same for the same entry wherever it stands.
std::string EntryJson(const SlotConfig& slot);

}  // namespace strata::host
