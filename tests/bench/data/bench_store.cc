#include "tests/bench/data/bench_store.h"

#include <strata/plugin.h>
#include <sys/resource.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/support/shift_times.h"

extern "C" {
const strata_plugin* strata_plugin_hosting_sqlite(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_data_fhir(std::uint32_t host_abi_minor);
}

namespace strata::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr unsigned long kSecondsPerRound = 61;
constexpr unsigned long kMostSeconds = 40'000;

bool IsFirst(const fs::path& path) { return path.filename().string().starts_with("0-"); }

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (path.extension() != ".zst") return bytes;
  // Frames that were packed as a stream do not say how long they are.
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string text;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  while (in.pos < in.size) {
    ZSTD_outBuffer part{piece.data(), piece.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context.get(), &part, &in)) != 0) return {};
    text.append(piece, 0, part.pos);
  }
  return text;
}

std::vector<fs::path> Files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") || name.ends_with(".json.zst")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::uint64_t CountEntries(const std::string& bundle) {
  std::uint64_t count = 0;
  for (std::size_t at = bundle.find("\"fullUrl\""); at != std::string::npos;
       at = bundle.find("\"fullUrl\"", at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

// ---- stack ------------------------------------------------------------------------------------

Stack::Stack(std::optional<fs::path> folder) : stays_(folder.has_value()) {
  if (folder) {
    folder_ = *std::move(folder);
    fs::create_directories(folder_);
  } else {
    std::string name = (fs::temp_directory_path() / "strata-bench-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  host_.emplace();
  host_->SetStateDir(folder_.string());
  const char* const config = std::getenv("STRATA_BENCH_HOSTING");
  const Status hosting =
      host_->Add("store", strata_plugin_hosting_sqlite(0), config == nullptr ? "{}" : config);
  const Status records =
      host_->Add("records", strata_plugin_data_fhir(0), "{}", {{"store", "store"}});
  if (!hosting.ok() || !records.ok()) std::abort();
}

Stack::~Stack() {
  Stop();
  if (!stays_) fs::remove_all(folder_);
}

// ---- import -----------------------------------------------------------------------------------

bool Sender::Run(FunctionRef<bool(std::string*)> next) {
  const Status status = client_.Import(
      cx_,
      [&](data::v1::ImportRequest* request) {
        request->Clear();
        if (at_ == text_.size()) {
          at_ = 0;
          ++item_;
          if (!next(&text_)) return false;
        }
        auto* item = request->add_items();
        item->set_item(item_);
        item->set_json(text_.substr(at_, kPieceBytes));
        at_ += item->json().size();
        item->set_continued(at_ < text_.size());
        return true;
      },
      [&](data::v1::ImportResponse& response) {
        resources += response.resources_done();
        for (const auto& fault : response.faults()) {
          if (faults++ == 0) std::fprintf(stderr, "first fault: %s\n", fault.message().c_str());
        }
        return true;
      });
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok();
}

Texts::Texts(const fs::path& folder, std::uint64_t wanted,
             std::pair<std::uint64_t, std::uint64_t> done)
    : files_(Files(folder)), wanted_(wanted) {
  while (files_given_ < done.first && Step()) ++files_given_;
  sent_ = done.second;
}

// Makes next_ the file that follows.
bool Texts::Step() {
  if (files_.empty()) return false;
  if (files_given_ > 0) ++next_;
  while (next_ == files_.size() || (round_ > 0 && IsFirst(files_[next_]))) {
    if (next_ == files_.size()) {
      next_ = 0;
      ++round_;
    } else {
      ++next_;
    }
  }
  return true;
}

bool Texts::Next(std::string* text) {
  if (sent_ >= wanted_ || !Step()) return false;
  const fs::path& file = files_[next_];
  *text = ReadFile(file);
  if (round_ > 0) Renumber(file.filename().string(), text);
  ++files_given_;
  sent_ += CountEntries(*text);
  return true;
}

// Synthea names a patient's file by the patient's id, which is an identifier too.
void Texts::Renumber(const std::string& name, std::string* text) const {
  constexpr std::size_t kDigits = 8;
  testing::ShiftTimes(static_cast<int>(round_ * kSecondsPerRound % kMostSeconds), text);
  const std::string id = name.substr(0, name.find('.'));
  if (id.size() < kDigits) return;
  char digits[kDigits + 1];
  const unsigned long first = std::strtoul(id.substr(0, kDigits).c_str(), nullptr, 16);
  std::snprintf(digits, sizeof(digits), "%08lx", (first + round_ * 7919UL) & 0xFFFFFFFFUL);
  for (std::size_t at = text->find(id); at != std::string::npos; at = text->find(id, at + 1)) {
    text->replace(at, kDigits, digits, kDigits);
  }
}

// ---- figures ----------------------------------------------------------------------------------

std::uint64_t FolderBytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

long PeakKilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace strata::bench
