#include "tests/history/checker.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

namespace strata::history {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::string Name(const Operation& op) {
  std::string out = op.kind == Kind::kRead ? "read" : "write";
  out += " of client " + std::to_string(op.client) + " [" + std::to_string(op.start_ns) + ", " +
         std::to_string(op.end_ns) + "] version " + std::to_string(op.version) + " value " +
         std::to_string(op.value);
  if (op.expected) out += " expecting " + std::to_string(*op.expected);
  return out;
}

// One version of one register: who made it and who saw it.
struct Group {
  std::uint64_t value = 0;
  const Operation* write = nullptr;  // Null: nobody of ours, or only the listing has it.
  bool listed = false;
  std::int64_t changed_from = kNever;  // When the first write began that may have replaced it.
  std::vector<const Operation*> reads;

  // When an answer said for the first time that this version is there.
  std::int64_t SeenFrom() const {
    std::int64_t out = kNever;
    if (write != nullptr && write->outcome == Outcome::kOk) out = write->end_ns;
    for (const Operation* read : reads) out = std::min(out, read->end_ns);
    return out;
  }
};

// Checks one register.
class Register {
 public:
  Register(std::string key, std::vector<Violation>* out) : key_(std::move(key)), out_(*out) {}

  void Add(const Operation& op) { operations_.push_back(&op); }
  void AddListed(const Listed& listed) { listed_.push_back(&listed); }

  void Check() {
    groups_[0];  // Absent: what every register begins with.
    IndexWrites();
    PlaceWrites();
    PlaceListing();
    PlaceReads();
    CheckListing();
    CheckOrder();
    CheckExpectations();
    CheckLost();
  }

 private:
  void Report(Fault fault, std::string what) { out_.push_back({fault, key_, std::move(what)}); }

  void IndexWrites() {
    for (const Operation* op : operations_) {
      if (op->kind != Kind::kWrite) continue;
      if (!writes_.emplace(op->value, op).second) {
        Report(Fault::kPhantom, "the workload wrote one value twice: " + Name(*op));
      }
    }
  }

  void PlaceWrites() {
    for (const Operation* op : operations_) {
      if (op->kind != Kind::kWrite || op->outcome != Outcome::kOk) continue;
      Group& group = groups_[op->version];
      if (group.write != nullptr || op->version == 0) {
        Report(Fault::kDoubledWrite, "two writes made one version: " + Name(*op));
        continue;
      }
      group.write = op;
      group.value = op->value;
      made_.emplace(op->value, op->version);
    }
  }

  // A version that was seen, with its value: by a read or in the listing.
  void Place(std::uint64_t version, std::uint64_t value, const std::string& by) {
    Group& group = groups_[version];
    if (group.value == 0 && version != 0) group.value = value;
    if (group.value != value) {
      Report(Fault::kTorn, "version " + std::to_string(version) + " has value " +
                               std::to_string(group.value) + " and in " + by);
    }
    if (value == 0) return;
    const auto write = writes_.find(value);
    if (write == writes_.end()) return Report(Fault::kPhantom, "nobody wrote it: " + by);
    if (write->second->outcome == Outcome::kConflict) {
      return Report(Fault::kPhantom, "it was refused: " + by);
    }
    const auto [made, first] = made_.emplace(value, version);
    if (first) group.write = write->second;
    if (made->second != version && doubled_.emplace(value, version).second) {
      Report(Fault::kDoubledWrite, "one write made the versions " + std::to_string(made->second) +
                                       " and " + std::to_string(version) + ": " + by);
    }
  }

  void PlaceListing() {
    std::uint64_t last = 0;
    for (const Listed* listed : listed_) {
      const std::string by = "the listing, version " + std::to_string(listed->version);
      if (listed->version <= last) Report(Fault::kReordered, "not ascending: " + by);
      last = listed->version;
      if (listed->value != 0) Place(listed->version, listed->value, by);
      groups_[listed->version].listed = true;
    }
  }

  // Each listed version that no known write made needs an unanswered write of its own.
  void CheckListing() {
    std::size_t unanswered = 0;
    for (const Operation* op : operations_) {
      if (Unplaced(*op)) ++unanswered;
    }
    for (const auto& [version, group] : groups_) {
      if (!group.listed || group.write != nullptr) continue;
      if (unanswered == 0) {
        Report(Fault::kDoubledWrite,
               "listed, and nobody's write: version " + std::to_string(version));
      } else {
        --unanswered;
      }
    }
  }

  bool Unplaced(const Operation& op) const {
    return op.kind == Kind::kWrite && op.outcome == Outcome::kUnknown && !made_.contains(op.value);
  }

  void PlaceReads() {
    for (const Operation* op : operations_) {
      if (op->kind != Kind::kRead || op->outcome != Outcome::kOk) continue;
      Place(op->version, op->value, Name(*op));
      groups_[op->version].reads.push_back(op);
    }
  }

  // `latest` is what began last of all that comes before `op` in the order of versions.
  void CheckAfter(const Operation& op, std::int64_t end_ns, const Operation* latest) {
    if (latest == nullptr || end_ns >= latest->start_ns) return;
    const Fault fault = latest->kind == Kind::kRead ? Fault::kStaleRead : Fault::kReordered;
    Report(fault, Name(*latest) + " began after " + Name(op) + " had ended");
  }

  void CheckOrder() {
    const Operation* latest = nullptr;
    const auto later = [](const Operation* a, const Operation* b) {
      return a == nullptr || b->start_ns > a->start_ns ? b : a;
    };
    for (const auto& [version, group] : groups_) {
      if (group.write != nullptr) {
        const bool known = group.write->outcome == Outcome::kOk;
        CheckAfter(*group.write, known ? group.write->end_ns : kNever, latest);
        latest = later(latest, group.write);
      }
      const Operation* const before = latest;
      for (const Operation* read : group.reads) {
        if (group.write != nullptr && read->end_ns < group.write->start_ns) {
          Report(Fault::kPhantom, "seen before it was written: " + Name(*read));
        } else {
          CheckAfter(*read, read->end_ns, before);
        }
        latest = later(latest, read);
      }
    }
  }

  void CheckExpectations() {
    FindChanges();
    for (const Operation* op : operations_) {
      if (op->kind != Kind::kWrite || !op->expected) continue;
      if (op->outcome == Outcome::kOk) CheckHeld(*op);
      if (op->outcome == Outcome::kConflict) CheckConflict(*op);
    }
  }

  void CheckHeld(const Operation& op) {
    const auto next = groups_.upper_bound(*op.expected);
    if (*op.expected >= op.version) {
      Report(Fault::kReordered, "its version is not greater than the expected one: " + Name(op));
    } else if (next->first != op.version) {
      Report(Fault::kLostUpdate,
             "version " + std::to_string(next->first) + " lay between: " + Name(op));
    }
  }

  // For each version: when the first write began that may have replaced it.
  void FindChanges() {
    std::int64_t from = kNever;
    for (const Operation* op : operations_) {
      if (Unplaced(*op)) from = std::min(from, op->start_ns);
    }
    for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
      group->second.changed_from = from;
      if (group->second.write != nullptr) from = std::min(from, group->second.write->start_ns);
    }
  }

  // Refused, although somebody knew before it began that the register was at the expected version,
  // and nobody began to change it before it had ended.
  void CheckConflict(const Operation& op) {
    const auto group = groups_.find(*op.expected);
    if (group == groups_.end() || group->second.changed_from <= op.end_ns) return;
    if (*op.expected != 0 && group->second.SeenFrom() >= op.start_ns) return;
    Report(Fault::kFalseConflict, Name(op));
  }

  // An acknowledged write that a complete listing does not have, or that everybody who looked
  // afterwards did not see.
  void CheckLost() {
    for (const Operation* op : operations_) {
      if (op->kind != Kind::kWrite || op->outcome != Outcome::kOk) continue;
      if (!listed_.empty() && !groups_[op->version].listed) {
        Report(Fault::kLostWrite, "not in the listing: " + Name(*op));
      } else if (LooksLost(*op)) {
        Report(Fault::kLostWrite, "nobody saw it afterwards: " + Name(*op));
      }
    }
  }

  bool LooksLost(const Operation& write) const {
    if (write.version != groups_.rbegin()->first || !groups_.rbegin()->second.reads.empty()) {
      return false;
    }
    return std::any_of(operations_.begin(), operations_.end(), [&](const Operation* op) {
      return op->kind == Kind::kRead && op->outcome == Outcome::kOk && op->start_ns > write.end_ns;
    });
  }

  const std::string key_;
  std::vector<Violation>& out_;
  std::vector<const Operation*> operations_;
  std::vector<const Listed*> listed_;
  std::unordered_map<std::uint64_t, const Operation*> writes_;  // By value.
  std::unordered_map<std::uint64_t, std::uint64_t> made_;       // Version by value.
  std::map<std::uint64_t, std::uint64_t> doubled_;              // Reported already.
  std::map<std::uint64_t, Group> groups_;                       // By version.
};

}  // namespace

std::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kLostWrite:
      return "lost write";
    case Fault::kStaleRead:
      return "stale read";
    case Fault::kDoubledWrite:
      return "doubled write";
    case Fault::kReordered:
      return "reordered versions";
    case Fault::kPhantom:
      return "phantom value";
    case Fault::kTorn:
      return "torn version";
    case Fault::kLostUpdate:
      return "lost update";
    case Fault::kFalseConflict:
      return "false conflict";
  }
  return "unknown";
}

std::vector<Violation> CheckHistory(const History& history, const Listing& listing) {
  std::vector<Violation> out;
  std::map<std::string, Register> registers;
  const auto of = [&](const std::string& key) -> Register& {
    return registers.try_emplace(key, key, &out).first->second;
  };
  for (const Operation& op : history) of(op.key).Add(op);
  for (const Listed& listed : listing) of(listed.key).AddListed(listed);
  for (auto& [key, reg] : registers) reg.Check();
  return out;
}

std::string Describe(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& v : violations) {
    out.append(FaultName(v.fault)).append(" of ").append(v.key).append(": ");
    out.append(v.what).append("\n");
  }
  return out;
}

}  // namespace strata::history
