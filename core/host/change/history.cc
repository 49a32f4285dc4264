#include "core/host/change/history.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/unique_fd.h"
#include "core/host/change/change_json.h"
#include "core/host/durable_file.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;

std::string FileIn(const std::string& folder) { return folder + "/changes.jsonl"; }

}  // namespace

std::uint64_t ChangeNumber(std::string_view id) {
  std::uint64_t number = 0;
  if (!id.starts_with('c')) return 0;
  const auto end = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  return end.ptr == id.data() + id.size() && end.ec == std::errc() ? number : 0;
}

bool ChangeHistory::Ended(const v1::Change& change) {
  return change.state() != v1::Change::STATE_RUNNING &&
         change.state() != v1::Change::STATE_PROBATION;
}

ChangeHistory::ChangeHistory(std::string folder, const base::Clock& clock, base::Log& log)
    : folder_(std::move(folder)), clock_(clock), log_(log) {
  Load();
}

void ChangeHistory::Load() {
  std::ifstream in(FileIn(folder_), std::ios::binary);
  std::uint64_t faults = 0;
  bool whole = true;
  const base::MutexLock lock(mutex_);
  for (std::string line; std::getline(in, line);) {
    whole = !in.eof();
    Entry entry;
    auto change = ChangeFromJson(line, &entry.request_id);
    const std::uint64_t number = change.ok() ? ChangeNumber(change->id()) : 0;
    if (number == 0) {
      ++faults;
      continue;
    }
    entry.change = *std::move(change);
    entries_[number] = std::move(entry);
  }
  // The next line must not be joined to half a line.
  if (!whole) static_cast<void>(AppendDurably(FileIn(folder_), "\n"));
  if (faults > 0) log_.Warning("changes.unreadable_lines", {{"lines", faults}});
}

void ChangeHistory::Append(const Entry& entry) const {
  const std::string line = ChangeToJson(entry.change, entry.request_id) + "\n";
  if (const Status status = AppendDurably(FileIn(folder_), line); !status.ok()) {
    // The change itself goes on: what runs must not depend on a full disk.
    log_.Error("changes.not_recorded",
               {{"change", entry.change.id()}, {"reason", status.message()}});
  }
}

v1::Change ChangeHistory::Add(v1::Change change, const std::string& request_id) {
  const base::MutexLock lock(mutex_);
  const std::uint64_t number = entries_.empty() ? 1 : entries_.rbegin()->first + 1;
  change.set_id("c" + std::to_string(number));
  change.set_started_us(clock_.WallUs());
  Entry& entry = entries_[number];
  entry.change = std::move(change);
  entry.request_id = request_id;
  Append(entry);
  return entry.change;
}

void ChangeHistory::Update(const std::string& id, const std::function<void(v1::Change*)>& edit,
                           bool record) {
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(ChangeNumber(id));
    if (found == entries_.end()) return;
    edit(&found->second.change);
    ++found->second.edition;
    if (record) Append(found->second);
  }
  changed_.NotifyAll();
}

Result<v1::Change> ChangeHistory::Get(const std::string& id) const {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(ChangeNumber(id));
  if (found == entries_.end()) return NotFound("there is no change " + id);
  return found->second.change;
}

Result<v1::Change> ChangeHistory::FindRequest(const std::string& request_id) const {
  const base::MutexLock lock(mutex_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->second.request_id == request_id) return entry->second.change;
  }
  return NotFound("no change was asked for by that request_id");
}

std::vector<v1::Change> ChangeHistory::List(const std::string& slot, std::size_t limit) const {
  std::vector<v1::Change> out;
  const base::MutexLock lock(mutex_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && out.size() < limit; ++entry) {
    const v1::Change& change = entry->second.change;
    bool of_slot = slot.empty();
    for (const v1::SlotChange& part : change.slots()) of_slot = of_slot || part.slot() == slot;
    if (of_slot) out.push_back(change);
  }
  return out;
}

std::vector<v1::Change> ChangeHistory::Unfinished() const {
  std::vector<v1::Change> out;
  const base::MutexLock lock(mutex_);
  for (const auto& [number, entry] : entries_) {
    if (!Ended(entry.change)) out.push_back(entry.change);
  }
  return out;
}

Result<v1::Change> ChangeHistory::Next(const std::string& id, std::uint64_t* seen,
                                       std::chrono::steady_clock::time_point deadline) const {
  const base::MutexLock lock(mutex_);
  const auto found = entries_.find(ChangeNumber(id));
  if (found == entries_.end()) return NotFound("there is no change " + id);
  while (found->second.edition == *seen && std::chrono::steady_clock::now() < deadline) {
    changed_.WaitUntil(mutex_, deadline);
  }
  *seen = found->second.edition;
  return found->second.change;
}

}  // namespace strata::host
