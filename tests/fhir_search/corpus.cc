#include "tests/fhir_search/corpus.h"

#include <time.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

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

void Corpus::Put(std::string_view json) {
  const auto document = json::Document::Parse(json);
  const std::string type(document->root()["resourceType"].string());
  const std::string id(document->root()["id"].string());
  const auto [known, is_new] = numbers_.emplace(type + "/" + id, names_.size() + 1);
  if (is_new) names_.push_back(known->first);
  const layout::ResourceNumber n = known->second;
  store_.PutResource(n, type, id, json,
                     is_new ? layout::Change::kCreated : layout::Change::kUpdated);
  std::vector<std::pair<layout::ParameterNumber, std::string>> entries;
  Index(type, document->root(), n, &entries);
  auto& old = indexed_[n];
  for (const auto& entry : old) {
    if (std::find(entries.begin(), entries.end(), entry) == entries.end()) {
      store_.EndIndex(type, entry.first, entry.second, n);
    }
  }
  for (const auto& entry : entries) {
    if (std::find(old.begin(), old.end(), entry) == old.end()) {
      store_.PutIndex(type, entry.first, entry.second, n);
    }
  }
  old = std::move(entries);
  store_.Commit();
}

void Corpus::Index(std::string_view type, json::Value root, layout::ResourceNumber,
                   std::vector<std::pair<layout::ParameterNumber, std::string>>* entries) {
  const double start = ThreadSeconds();
  index::Extractor::R4().Extract(layout::TypeNumberOf(type), root, &entries_);
  extract_seconds_ += ThreadSeconds() - start;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries->emplace_back(entries_[i].parameter, entries_[i].value);
  }
}

void Corpus::Delete(std::string_view type, std::string_view id) {
  const layout::ResourceNumber n = numbers_.at(std::string(type).append("/").append(id));
  store_.PutResource(n, type, id, {}, layout::Change::kDeleted);
  for (const auto& [parameter, value] : indexed_[n]) store_.EndIndex(type, parameter, value, n);
  indexed_[n].clear();
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
  // The resource's own id, the first one.
  const std::size_t id = out.find("\"id\"");
  std::size_t begin = 0;
  std::size_t end = 0;
  if (id != std::string::npos && NextString(out, id + 4, &begin, &end)) out.insert(end, suffix_);
  return out;
}

Status Corpus::AddBundle(std::string_view text) {
  STRATA_ASSIGN_OR_RETURN(const json::Document document, json::Document::Parse(text));
  for (const json::Value entry : document.root()["entry"].elements()) {
    Put(Resolved(entry["resource"].raw()));
  }
  return {};
}

Status Corpus::Load(const std::string& folder, int copies) {
  std::vector<std::string> paths;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string path = file.path().string();
    if (path.ends_with(".json") || path.ends_with(".json.zst")) paths.push_back(path);
  }
  if (paths.empty()) return NotFound("no bundles in " + folder);
  std::sort(paths.begin(), paths.end());
  for (int copy = 0; copy < copies; ++copy) {
    suffix_ = copy == 0 ? "" : "-" + std::to_string(copy);
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
