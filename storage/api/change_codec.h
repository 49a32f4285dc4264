#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "storage/api/types.h"

// How a commit's changed keys are kept for Watch: prefix-compressed, in parts of bounded size.
// Per change: kind (1 byte), varint bytes shared with the key before, varint size and bytes of the
// rest, and for a range varint size and bytes of its end. Stored: never change.
namespace strata::storage {

// Splits the changes of one commit into parts. Single-threaded.
class ChangeEncoder {
 public:
  explicit ChangeEncoder(std::size_t part_bytes = 64 * 1024) : part_bytes_(part_bytes) {}

  void Add(const Change& change);
  // Whether parts are full: the last one is taken only with TakeParts.
  bool HasFull() const { return !full_.empty(); }
  std::vector<std::string> TakeFull() { return std::exchange(full_, {}); }
  // What was not taken yet: at least one. Ends the encoder.
  std::vector<std::string> TakeParts();

 private:
  const std::size_t part_bytes_;
  std::vector<std::string> full_;
  std::string part_;
  std::string last_key_;
};

// The changes of one part; owns the keys. Thread-compatible.
class ChangeList {
 public:
  // DATA_LOSS when the part is damaged.
  static Result<ChangeList> Decode(std::string_view part);

  // Those that touch the range, pointing into this object. Null: all.
  std::vector<Change> Matching(const KeyRange* range) const;

 private:
  struct Entry {
    MutationKind kind;
    std::size_t key_at;
    std::size_t key_size;
    std::size_t end_size;  // the range's end follows the key
  };
  std::string bytes_;
  std::vector<Entry> entries_;
};

}  // namespace strata::storage
