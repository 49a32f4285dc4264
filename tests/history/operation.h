#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strata::history {

// What one client did to one register, and what it was told. A register is a key with versions: a
// FHIR resource, a row of a store. Version 0 is "absent"; nothing is ever deleted.
struct Operation {
  enum class Kind : std::uint8_t { kRead, kWrite };
  enum class Outcome : std::uint8_t {
    kOk,        // Answered: a read saw `version` and `value`, a write made them.
    kConflict,  // A write whose precondition did not hold: it must have changed nothing.
    kUnknown,   // No answer: a write may have happened once, now or later, or never.
  };

  std::string key;
  Kind kind = Kind::kRead;
  Outcome outcome = Outcome::kOk;
  std::uint32_t client = 0;
  // Monotonic clock of the one process that all clients run in.
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::uint64_t version = 0;
  // Names the write that made it; never the same in two writes. 0: none (an absent register).
  std::uint64_t value = 0;
  // Of a write: only if the register is at this version.
  std::optional<std::uint64_t> expected;
};

// One version that the system itself lists at the end of a run (a FHIR history, a commit feed), in
// ascending order per key.
struct Listed {
  std::string key;
  std::uint64_t version = 0;
  std::uint64_t value = 0;  // 0: the list does not say.
};

using History = std::vector<Operation>;
using Listing = std::vector<Listed>;

}  // namespace strata::history
