#include "core/host/format_records.h"

#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/durable_file.h"

namespace strata::host {
namespace {

std::uint32_t ReadFormat(json::Value value) {
  const std::int64_t number = value.int_value().value_or(0);
  const bool fits = number > 0 && number <= std::numeric_limits<std::int32_t>::max();
  return fits ? static_cast<std::uint32_t>(number) : 0;
}

}  // namespace

FormatRecords::FormatRecords(std::string folder, base::Log& log)
    : file_(std::move(folder) + "/formats.json"), log_(log) {
  const base::MutexLock lock(mutex_);
  if (const Status status = Load(); !status.ok()) {
    log_.Error("formats.not_read", {{"file", file_}, {"reason", status.message()}});
  }
}

Status FormatRecords::Load() {
  std::ifstream in(file_, std::ios::binary);
  if (!in) return OkStatus();
  std::stringstream text;
  text << in.rdbuf();
  STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(text.str()));
  for (const json::Value entry : document.root()["formats"].elements()) {
    Record record;
    record.format.name = entry["name"].string();
    record.format.writes = ReadFormat(entry["writes"]);
    record.format.lowest = ReadFormat(entry["lowest"]);
    record.change = entry["change"].string();
    if (record.format.writes == 0 || record.format.lowest == 0) {
      return InvalidArgument("a format is no number");
    }
    records_[{std::string(entry["slot"].string()), record.format.name}] = std::move(record);
  }
  return OkStatus();
}

std::string FormatRecords::ToJson() const {
  std::string text;
  json::Writer out(&text);
  out.BeginObject().Key("formats").BeginArray();
  for (const auto& [key, record] : records_) {
    out.BeginObject();
    out.Field("slot", key.first);
    out.Field("name", key.second);
    out.Key("writes").Int(record.format.writes);
    out.Key("lowest").Int(record.format.lowest);
    if (!record.change.empty()) out.Field("change", record.change);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return text + "\n";
}

std::optional<FormatRecords::Record> FormatRecords::Find(const std::string& slot,
                                                         const std::string& family) const {
  const base::MutexLock lock(mutex_);
  const auto found = records_.find({slot, family});
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::pair<std::string, FormatRecords::Record>> FormatRecords::FindChange(
    const std::string& change) const {
  const base::MutexLock lock(mutex_);
  for (const auto& [key, record] : records_) {
    if (record.change == change) return std::pair(key.first, record);
  }
  return std::nullopt;
}

Status FormatRecords::Set(const std::string& slot, const Record& record) {
  const base::MutexLock lock(mutex_);
  const Key key{slot, record.format.name};
  const auto found = records_.find(key);
  std::optional<Record> before;
  if (found != records_.end()) {
    if (found->second == record) return OkStatus();
    before = found->second;
  }
  records_[key] = record;
  const Status written = ReplaceDurably(file_, ToJson());
  if (written.ok()) return written;
  if (before) {
    records_[key] = *before;
  } else {
    records_.erase(key);
  }
  return written;
}

Status FormatRecords::Learn(const std::string& slot, const StoredFormat& format) {
  Record record{format, ""};
  if (const auto known = Find(slot, format.name)) record.change = known->change;
  Status status = Set(slot, record);
  if (!status.ok()) {
    log_.Error("formats.not_recorded", {{"slot", slot}, {"reason", status.message()}});
  }
  return status;
}

}  // namespace strata::host
