#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "storage/replica/digest.h"
#include "storage/replica/tail.h"

namespace strata::storage::replica {

// Compares a copy with its source, row by row, while the source is written to and the copy follows:
// slice after slice, and then again what was changed since it was compared, until little is left;
// the rest when nothing is written any more. What it has compared it keeps as a digest of each
// side, read from that side alone. Single-threaded; nobody else writes to the target. Codes of
// Scan, Get, Watch and Ingest; DATA_LOSS: the copy is not the same.
class Verifier {
 public:
  // `tail`: the version up to which the target has everything.
  Verifier(const Stores& stores, std::uint64_t tail) : stores_(stores), tail_(tail) {}

  // Compares the next slice; false when there was none left.
  Result<bool> CheckSlice(const Context& context, std::size_t slice_bytes);
  // Compares some of what has changed.
  Status CheckChanged(const Context& context);
  // When nothing is written: everything that is left.
  Status CheckRest(const Context& context);
  // Carries the commits of the source over, to its end.
  Status Follow(const Context& context);

  // Rows that have changed since they were compared.
  std::size_t changed() const { return changed_.size(); }
  std::uint64_t tail() const { return tail_; }
  const RowDigest& source() const { return source_; }
  const RowDigest& target() const { return target_; }

 private:
  using Keys = std::set<std::string, std::less<>>;
  using Entries = std::vector<std::pair<std::uint64_t, std::string>>;  // version, value

  // What is being compared right now: read from the source at `view`; keys that change after it
  // are not compared.
  struct Reading {
    bool open = false;
    std::uint64_t view = 0;
    std::string begin;
    std::string end;
    Keys changed;
    bool Holds(std::string_view key) const { return key >= begin && (end.empty() || key < end); }
  };

  Status Note(TailBatch& batch, const Context& context);
  Status NoteChange(std::uint64_t version, const hosting::v1::Change& change, Keys* touched,
                    const Context& context);
  Status Touch(const Keys& keys, const Context& context);
  bool Compared(std::string_view key) const { return all_compared_ || key < at_; }
  Status Read(const hosting::v1::HostingClient& store, const Context& context,
              const std::vector<std::string>& keys, Entries* entries, std::uint64_t* view);
  Status CompareKeys(const Context& context, const std::vector<std::string>& keys);

  const Stores stores_;
  std::uint64_t tail_;
  std::string at_;  // the keys before it were compared
  bool all_compared_ = false;
  Keys changed_;  // since then
  Reading reading_;
  RowDigest source_;
  RowDigest target_;
};

}  // namespace strata::storage::replica
