#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/history/operation.h"

namespace strata::history {

enum class Fault : std::uint8_t {
  kLostWrite,      // It was acknowledged, and nobody sees it any more.
  kStaleRead,      // It saw less than somebody had seen, or had been told, before it began.
  kDoubledWrite,   // One write made two versions, or two writes made the same one.
  kReordered,      // Versions do not follow the order in which the writes happened.
  kPhantom,        // A value that nobody wrote, that was refused, or that was not written yet.
  kTorn,           // One version had two values.
  kLostUpdate,     // "Only if at version N" held although a version lay between.
  kFalseConflict,  // It was refused although the register was at the expected version throughout.
};

std::string_view FaultName(Fault fault);

struct Violation {
  Fault fault;
  std::string key;
  std::string what;  // For a person: the operations involved.
};

// Whether the history of each register is linearizable, and agrees with `listing`, which has every
// version of the registers that it names at all.
//
// Because versions order the writes, no search is needed (Gibbons and Korach 1997, section 4: with
// a known write order, linearizability is in O(n log n)). The operations of a key fall into groups:
// the write that made a version, then the reads that saw it. Those groups, in the order of
// versions, are the only order that explains the values, so the history is linearizable if and only
// if nothing in an earlier group began after something in a later one had ended: one pass, with the
// latest beginning so far.
std::vector<Violation> CheckHistory(const History& history, const Listing& listing = {});

// One line per violation, for a failed test.
std::string Describe(const std::vector<Violation>& violations);

}  // namespace strata::history
