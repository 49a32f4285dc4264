#include "tests/fhir_search/corpus.h"

#include <time.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/base/datetime.h"
#include "plugins/data_fhir/index/kept_values.h"
#include "tests/support/shift_times.h"

namespace strata::fhir::search {
namespace {

constexpr std::string_view kReference = "\"reference\"";

// The text of the string that begins at or behind `at`, and where it begins and ends.
bool NextString(std::string_view text, std::size_t at, std::size_t* begin, std::size_t* end) {
  at = text.find_first_not_of(" :\n\t", at);
  if (at == std::string_view::npos || text[at] != '"') return false;
  *begin = at + 1;
  *end = text.find('"', *begin);
  return *end != std::string_view::npos;
}

// CPU time of this thread: other processes do not count.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("cannot read " + path);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!path.ends_with(".zst")) return bytes;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  while (in.pos < in.size) {
    ZSTD_outBuffer part{piece.data(), piece.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context.get(), &part, &in)) != 0) {
      return DataLoss("cannot unpack " + path);
    }
    out.append(piece, 0, part.pos);
  }
  return out;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

void Corpus::PutAll(const std::vector<std::string>& jsons) {
  new_rows_.Clear();
  for (const std::string& json : jsons) {
    const auto document = json::Document::Parse(json);
    const std::string type_name(document->root()["resourceType"].string());
    const std::string id(document->root()["id"].string());
    const auto [known, is_new] = numbers_.emplace(type_name + "/" + id, names_.size() + 1);
    if (is_new) names_.push_back(known->first);
    const layout::ResourceNumber n = known->second;
    const layout::TypeNumber type = layout::TypeNumberOf(type_name);
    if (!is_new) ExtractStored(n, &old_entries_);
    Extract(type, json, &entries_);
    std::optional<std::int64_t> updated;
    if (const auto at = web::ParseDateTime(document->root()["meta"]["lastUpdated"].string())) {
      updated = at->begin_us;
    }
    store_.PutResource(n, type_name, id, json,
                       is_new ? layout::Change::kCreated : layout::Change::kUpdated,
                       index::KeptOf(type, entries_), updated);
    if (!is_new) {
      Update(type, n);
      continue;
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      new_rows_.Add(type, entries_[i].parameter, entries_[i].value, n);
    }
  }
  new_rows_.Finish(
      [this](std::string key, std::string value) { store_.Put(std::move(key), std::move(value)); });
  store_.Commit();
}

void Corpus::Update(layout::TypeNumber type, layout::ResourceNumber n) {
  const std::string_view name = layout::TypeNameOf(type);
  for (std::size_t i = 0; i < old_entries_.size(); ++i) {
    const auto [parameter, value] = old_entries_[i];
    if (!entries_.Contains(parameter, value)) store_.EndIndex(name, parameter, value, n);
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto [parameter, value] = entries_[i];
    if (!old_entries_.Contains(parameter, value)) store_.PutIndex(name, parameter, value, n);
  }
}

void Corpus::Extract(layout::TypeNumber type, std::string_view json, index::EntryList* entries) {
  entries->Clear();
  const auto document = json::Document::Parse(json);
  if (!document.ok()) return;
  const double start = ThreadSeconds();
  extractor_.Extract(type, document->root(), entries);
  extract_seconds_ += ThreadSeconds() - start;
}

void Corpus::ExtractStored(layout::ResourceNumber n, index::EntryList* entries) {
  const auto row = layout::ParseRow(store_.rows().at(layout::CurrentKey(n)).bytes);
  Extract(row->header.type, row->body, entries);
}

void Corpus::Delete(std::string_view type, std::string_view id) {
  const layout::ResourceNumber n = numbers_.at(std::string(type).append("/").append(id));
  ExtractStored(n, &old_entries_);
  entries_.Clear();
  store_.PutResource(n, type, id, {}, layout::Change::kDeleted);
  Update(layout::TypeNumberOf(type), n);
  store_.Commit();
}

// What the references of later bundles may mean.
void Corpus::Learn(std::string_view text) {
  const auto document = json::Document::Parse(text);
  if (!document.ok()) return;
  for (const json::Value entry : document->root()["entry"].elements()) {
    const json::Value resource = entry["resource"];
    const std::string type(resource["resourceType"].string());
    const std::string name = type + "/" + std::string(resource["id"].string()) + suffix_;
    references_[std::string(entry["fullUrl"].string())] = name;
    for (const json::Value identifier : resource["identifier"].elements()) {
      references_[type + "?identifier=" + std::string(identifier["system"].string()) + "|" +
                  std::string(identifier["value"].string())] = name;
    }
  }
}

std::string Corpus::Resolved(std::string_view json) const {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = json.find(kReference); at != std::string_view::npos;
       at = json.find(kReference, at + 1)) {
    std::size_t begin = 0;
    std::size_t end = 0;
    if (!NextString(json, at + kReference.size(), &begin, &end)) continue;
    const auto known = references_.find(std::string(json.substr(begin, end - begin)));
    if (known == references_.end()) continue;
    out.append(json.substr(done, begin - done)).append(known->second);
    done = end;
  }
  out.append(json.substr(done));
  if (suffix_.empty()) return out;
  testing::ShiftTimes(seconds_later_, &out);
  // The resource's own id, wherever it stands (Synthea's patients are identified by it too).
  const std::size_t id = out.find("\"id\"");
  std::size_t begin = 0;
  std::size_t end = 0;
  if (id == std::string::npos || !NextString(out, id + 4, &begin, &end)) return out;
  const std::string own = out.substr(begin - 1, end - begin + 2);
  for (std::size_t at = out.find(own); at != std::string::npos; at = out.find(own, at + 1)) {
    out.insert(at + own.size() - 1, suffix_);
  }
  return out;
}

Status Corpus::AddBundle(std::string_view text) {
  STRATA_ASSIGN_OR_RETURN(const json::Document document, json::Document::Parse(text));
  std::vector<std::string> jsons;
  std::set<std::string> seen;
  for (const json::Value entry : document.root()["entry"].elements()) {
    const json::Value resource = entry["resource"];
    const auto name =
        std::string(resource["resourceType"].string()).append("/").append(resource["id"].string());
    if (!seen.insert(name).second) {
      PutAll(jsons);
      jsons.clear();
      seen = {name};
    }
    jsons.push_back(Resolved(resource.raw()));
  }
  PutAll(jsons);
  return {};
}

Status Corpus::Load(const std::string& folder, int copies, bool same_times) {
  std::vector<std::string> paths;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string path = file.path().string();
    if (path.ends_with(".json") || path.ends_with(".json.zst")) paths.push_back(path);
  }
  if (paths.empty()) return NotFound("no bundles in " + folder);
  std::sort(paths.begin(), paths.end());
  for (int copy = 0; copy < copies; ++copy) {
    constexpr int kSecondsPerCopy = 61;
    suffix_ = copy == 0 ? "" : "-" + std::to_string(copy);
    seconds_later_ = same_times ? 0 : copy * kSecondsPerCopy;
    references_.clear();
    for (const std::string& path : paths) {
      STRATA_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
      Learn(text);
      STRATA_RETURN_IF_ERROR(AddBundle(text));
    }
  }
  return {};
}

}  // namespace strata::fhir::search
