#include "core/cli/input_files.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPiece = 256 << 10;

// Tells the kind by name; nothing for names that are not imported.
std::optional<InputFile> Classify(const fs::path& path) {
  fs::path name = path.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string extension = name.extension().string();
  const bool ndjson = extension == ".ndjson" || extension == ".jsonl";
  if (!ndjson && extension != ".json") return std::nullopt;
  std::error_code error;
  return InputFile{path, ndjson, fs::file_size(path, error)};
}

Status AddFolder(const fs::path& folder, std::vector<InputFile>& files) {
  std::error_code error;
  std::vector<InputFile> found;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    if (auto file = Classify(it->path())) found.push_back(std::move(*file));
  }
  if (error) return InvalidArgument(folder.string() + ": " + error.message());
  std::sort(found.begin(), found.end(),
            [](const InputFile& a, const InputFile& b) { return a.path < b.path; });
  std::move(found.begin(), found.end(), std::back_inserter(files));
  return OkStatus();
}

using Sink = std::function<Status(std::string_view)>;

// Turns pieces of a packed file into pieces of its content.
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  virtual Status Feed(std::string_view packed, const Sink& sink) = 0;
  // The file has ended: DATA_LOSS when its content has not.
  virtual Status End() = 0;
};

class Plain final : public Unpacker {
 public:
  Status Feed(std::string_view packed, const Sink& sink) override { return sink(packed); }
  Status End() override { return OkStatus(); }
};

class Gzip final : public Unpacker {
 public:
  Gzip() { inflateInit2(&stream_, 15 + 32); }
  ~Gzip() override { inflateEnd(&stream_); }

  Status Feed(std::string_view packed, const Sink& sink) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    while (stream_.avail_in > 0) {
      if (ended_) inflateReset(&stream_);  // a file of several members (RFC 1952 section 2.2)
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END) return DataLoss("not a sound gzip file");
      ended_ = code == Z_STREAM_END;
      STRATA_RETURN_IF_ERROR(sink({out_.data(), out_.size() - stream_.avail_out}));
    }
    return OkStatus();
  }
  Status End() override { return ended_ ? OkStatus() : DataLoss("the gzip file is cut short"); }

 private:
  z_stream stream_{};
  bool ended_ = false;
  std::vector<char> out_ = std::vector<char>(kPiece);
};

class Zstd final : public Unpacker {
 public:
  Zstd() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    // Accepts what `zstd --long=31` writes; the window is allocated as the file needs it.
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 31);
  }

  Status Feed(std::string_view packed, const Sink& sink) override {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t code = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(code) != 0) return DataLoss("not a sound zstd file");
      ended_ = code == 0;
      full = out.pos == out.size;
      STRATA_RETURN_IF_ERROR(sink({out_.data(), out.pos}));
    }
    return OkStatus();
  }
  Status End() override { return ended_ ? OkStatus() : DataLoss("the zstd file is cut short"); }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  bool ended_ = false;
  std::vector<char> out_ = std::vector<char>(kPiece);
};

std::unique_ptr<Unpacker> MakeUnpacker(const fs::path& path) {
  if (path.extension() == ".gz") return std::make_unique<Gzip>();
  if (path.extension() == ".zst") return std::make_unique<Zstd>();
  return std::make_unique<Plain>();
}

}  // namespace

Result<std::vector<InputFile>> FindInputFiles(const std::vector<std::string>& paths) {
  std::vector<InputFile> files;
  for (const fs::path path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      STRATA_RETURN_IF_ERROR(AddFolder(path, files));
    } else if (!fs::exists(status)) {
      return InvalidArgument(path.string() + ": no such file or folder");
    } else if (auto file = Classify(path)) {
      files.push_back(std::move(*file));
    } else {
      return InvalidArgument(path.string() +
                             ": not .json, .ndjson or .jsonl (with .gz or .zst behind it)");
    }
  }
  if (files.empty()) {
    return InvalidArgument("no .json, .ndjson or .jsonl file (plain, .gz or .zst) was found");
  }
  return files;
}

Status ReadUnpacked(const InputFile& file, const Sink& sink,
                    const std::function<void(std::uint64_t)>& read_bytes) {
  errno = 0;
  std::ifstream in(file.path, std::ios::binary);
  if (!in) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kPermissionDenied;
    return {code, file.path.string() + ": " + std::strerror(errno)};
  }
  const auto named = [&file](const Status& status) -> Status {
    if (status.ok() || status.code() != Code::kDataLoss) return status;
    return DataLoss(file.path.string() + ": " + status.message());
  };
  const std::unique_ptr<Unpacker> unpacker = MakeUnpacker(file.path);
  std::vector<char> piece(kPiece);
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    const auto size = static_cast<std::size_t>(in.gcount());
    STRATA_RETURN_IF_ERROR(named(unpacker->Feed({piece.data(), size}, sink)));
    read_bytes(size);
  }
  if (in.bad()) return DataLoss(file.path.string() + ": cannot be read to its end");
  return named(unpacker->End());
}

}  // namespace strata::cli
