#include "plugins/data_fhir/layout/index_row.h"

#include <algorithm>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/lifetime.h"

namespace strata::fhir::layout {
namespace {

// No lifetime begins so: its first number is the version of a commit.
constexpr char kRun = '\0';

enum class State : std::uint8_t { kUntouched = 0, kListed = 1, kListedAndRow = 2 };
constexpr unsigned kStateBits = 2;

bool IsRun(std::string_view value) { return !value.empty() && value.front() == kRun; }

struct RunHead {
  std::uint64_t base = 0;  // 0: never changed
  ResourceNumber first = 0;
};

// Takes the part of a run that stands in front of its members.
bool TakeHead(ResourceNumber last, std::string_view* value, RunHead* head) {
  value->remove_prefix(1);
  std::uint64_t span = 0;
  if (!TakeVarint(value, &head->base) || !TakeVarint(value, &span) || span >= last) return false;
  head->first = last - span;
  return true;
}

bool AppendAll(ResourceNumber first, std::string_view gaps, std::vector<ResourceNumber>* out) {
  out->reserve(out->size() + gaps.size() + 1);
  out->push_back(first);
  std::uint64_t gap = 0;
  while (!gaps.empty()) {
    if (!TakeVarint(&gaps, &gap)) return false;
    out->push_back(first += gap);
  }
  return true;
}

// A member's lives: the commits at which they began and ended, in turn.
struct Member {
  ResourceNumber n = 0;
  std::vector<std::uint64_t> turns;
  bool turns_now = false;  // And at the commit that writes the row.

  bool alive() const { return (turns.size() + (turns_now ? 1 : 0)) % 2 == 1; }
  bool AliveAt(std::uint64_t at) const {
    const auto end = std::upper_bound(turns.begin(), turns.end(), at);
    return (end - turns.begin()) % 2 == 1;
  }
};

bool TakeTurns(std::string_view* bytes, std::vector<std::uint64_t>* turns) {
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, &count) || count > bytes->size()) return false;
  for (; count > 0; --count) {
    if (!TakeVarint(bytes, &turns->emplace_back())) return false;
  }
  return true;
}

// The next member of a run that was changed, all of its turns resolved.
bool TakeMember(std::string_view* bytes, const RunHead& head, std::uint64_t row_version,
                Member* member) {
  std::uint64_t packed = 0;
  if (!TakeVarint(bytes, &packed)) return false;
  member->n += packed >> kStateBits;
  member->turns.clear();
  const auto state = static_cast<State>(packed & ((1U << kStateBits) - 1));
  if (state == State::kUntouched) {
    member->turns.push_back(head.base);
    return true;
  }
  if (!TakeTurns(bytes, &member->turns)) return false;
  if (state == State::kListedAndRow) member->turns.push_back(row_version);
  return state <= State::kListedAndRow;
}

// Every member of any row. The base of the run, for those that stay untouched, goes to *base.
bool Decode(ResourceNumber last, std::uint64_t row_version, std::string_view value,
            std::uint64_t* base, std::vector<Member>* members) {
  if (!IsRun(value)) {
    Member& member = members->emplace_back();
    member.n = last;
    while (!value.empty()) {
      if (!TakeVarint(&value, &member.turns.emplace_back())) return false;
    }
    member.turns.push_back(row_version);
    return true;
  }
  RunHead head;
  if (!TakeHead(last, &value, &head)) return false;
  *base = head.base != 0 ? head.base : row_version;
  if (head.base == 0) {
    std::vector<ResourceNumber> numbers;
    if (!AppendAll(head.first, value, &numbers)) return false;
    for (const ResourceNumber n : numbers) members->push_back({n, {row_version}, false});
    return true;
  }
  Member member;
  member.n = head.first;
  while (!value.empty()) {
    if (!TakeMember(&value, head, row_version, &member)) return false;
    members->push_back(member);
  }
  return true;
}

void AppendTurns(const Member& member, std::string* out) {
  AppendVarint(member.turns.size(), out);
  for (const std::uint64_t turn : member.turns) AppendVarint(turn, out);
}

std::string EncodeChanged(ResourceNumber last, std::uint64_t base, ResourceNumber first,
                          const std::vector<Member>& members) {
  std::string out(1, kRun);
  AppendVarint(base, &out);
  AppendVarint(last - first, &out);
  ResourceNumber before = first;
  for (const Member& member : members) {
    const bool untouched =
        !member.turns_now && member.turns.size() == 1 && member.turns.front() == base;
    const State state = untouched          ? State::kUntouched
                        : member.turns_now ? State::kListedAndRow
                                           : State::kListed;
    AppendVarint((member.n - before) << kStateBits | static_cast<std::uint64_t>(state), &out);
    if (!untouched) AppendTurns(member, &out);
    before = member.n;
  }
  return out;
}

// The member for n, made when there is none yet.
Member& MemberFor(ResourceNumber n, std::vector<Member>* members) {
  const auto at = std::lower_bound(members->begin(), members->end(), n,
                                   [](const Member& m, ResourceNumber x) { return m.n < x; });
  if (at != members->end() && at->n == n) return *at;
  return *members->insert(at, {n, {}, false});
}

}  // namespace

bool AppendAlive(ResourceNumber last, std::uint64_t row_version, std::string_view value,
                 std::uint64_t at, std::vector<ResourceNumber>* out) {
  if (!IsRun(value)) {
    if (AliveAt(row_version, value, at)) out->push_back(last);
    return true;
  }
  RunHead head;
  if (!TakeHead(last, &value, &head)) return false;
  if (head.base == 0) return at < row_version || AppendAll(head.first, value, out);
  Member member;
  member.n = head.first;
  while (!value.empty()) {
    if (!TakeMember(&value, head, row_version, &member)) return false;
    if (member.AliveAt(at)) out->push_back(member.n);
  }
  return true;
}

bool CountAlive(ResourceNumber last, std::uint64_t row_version, std::string_view value,
                std::uint64_t at, std::uint64_t* count) {
  std::string_view members = value;
  RunHead head;
  if (IsRun(value) && TakeHead(last, &members, &head) && head.base == 0) {
    // Of each varint one byte is its last.
    const auto is_last = [](char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; };
    if (at >= row_version) {
      *count +=
          1 + static_cast<std::uint64_t>(std::count_if(members.begin(), members.end(), is_last));
    }
    return true;
  }
  std::vector<ResourceNumber> alive;
  if (!AppendAlive(last, row_version, value, at, &alive)) return false;
  *count += alive.size();
  return true;
}

ResourceNumber FirstOf(ResourceNumber last, std::string_view value) {
  RunHead head;
  return IsRun(value) && TakeHead(last, &value, &head) ? head.first : last;
}

std::string EncodeMembers(std::span<const ResourceNumber> numbers) {
  std::string out;
  if (numbers.size() <= 1) return out;
  out.push_back(kRun);
  AppendVarint(0, &out);
  AppendVarint(numbers.back() - numbers.front(), &out);
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    AppendVarint(numbers[i] - numbers[i - 1], &out);
  }
  return out;
}

Result<std::optional<std::string>> ChangeMembers(ResourceNumber last, std::uint64_t row_version,
                                                 std::string_view value,
                                                 std::span<const MemberChange> changes) {
  std::uint64_t base = row_version;
  std::vector<Member> members;
  if (!Decode(last, row_version, value, &base, &members)) {
    return DataLoss("an index row has an unreadable value");
  }
  bool changed = false;
  for (const MemberChange& change : changes) {
    Member& member = MemberFor(change.n, &members);
    if (member.alive() == change.begins) continue;
    if (member.turns_now) {
      // Begun and ended by one commit: as if neither had been.
      member.turns_now = false;
    } else {
      member.turns_now = true;
    }
    changed = true;
  }
  std::erase_if(members, [](const Member& m) { return m.turns.empty() && !m.turns_now; });
  std::optional<std::string> out;
  if (!changed) return out;
  if (IsRun(value)) {
    out = EncodeChanged(last, base, FirstOf(last, value), members);
    return out;
  }
  // One resource: its turns but the one that is the row's own version.
  out.emplace();
  const Member& only = members.front();
  const std::size_t listed = only.turns_now ? only.turns.size() : only.turns.size() - 1;
  for (std::size_t i = 0; i < listed; ++i) AppendVarint(only.turns[i], &*out);
  return out;
}

Result<SweptRow> SweepRow(ResourceNumber last, std::uint64_t row_version, std::string_view value,
                          std::uint64_t floor) {
  std::uint64_t base = row_version;
  std::vector<Member> members;
  if (!Decode(last, row_version, value, &base, &members)) {
    return DataLoss("an index row has an unreadable value");
  }
  const std::size_t before = members.size();
  std::erase_if(members, [floor](const Member& member) {
    return !member.alive() && member.turns.back() <= floor;
  });
  SweptRow swept;
  swept.erase = members.empty();
  if (swept.erase || !IsRun(value) || members.size() * 2 > before) return swept;
  swept.value = EncodeChanged(last, base, FirstOf(last, value), members);
  return swept;
}

}  // namespace strata::fhir::layout
