#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::cli {

// A file to import: JSON (one resource or Bundle) or NDJSON (one a line), plain, gzip or zstd, told
// by its name: *.json, *.ndjson or *.jsonl, with .gz or .zst behind it.
struct InputFile {
  std::filesystem::path path;
  bool ndjson = false;
  // Size on disk, for progress.
  std::uint64_t size_bytes = 0;
};

// The files named, and those in named folders (recursively), each folder's in the order of their
// names. INVALID_ARGUMENT names what does not exist, is of another kind, or that nothing was found.
Result<std::vector<InputFile>> FindInputFiles(const std::vector<std::string>& paths);

// Reads a file piece by piece, unpacking as its name says. `sink` gets each piece in order and may
// stop the reading with an error. `read_bytes` is told how much of the file on disk is done.
// DATA_LOSS: the packed file is broken or cut short; NOT_FOUND, PERMISSION_DENIED as the file says.
Status ReadUnpacked(const InputFile& file, const std::function<Status(std::string_view)>& sink,
                    const std::function<void(std::uint64_t)>& read_bytes);

}  // namespace strata::cli
