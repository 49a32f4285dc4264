#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

// gzip (RFC 1952) of streams, over zlib. Classes are single-threaded.
namespace strata::web {

// Compresses at a level that favours time over size.
class GzipWriter final {
 public:
  GzipWriter();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  // Appends to `out` what is ready; a part may stay inside until Finish.
  void Write(std::string_view text, std::string* out);
  // Ends the stream; no Write after it.
  void Finish(std::string* out);

 private:
  void Run(std::string_view text, int flush, std::string* out);
  struct State;
  std::unique_ptr<State> state_;
};

// Decompresses, and refuses to grow beyond a limit (a small gzip can hide a huge text).
class GunzipReader final {
 public:
  explicit GunzipReader(std::uint64_t max_bytes);
  ~GunzipReader();
  GunzipReader(const GunzipReader&) = delete;
  GunzipReader& operator=(const GunzipReader&) = delete;

  // Appends to `out` what `compressed` adds. INVALID_ARGUMENT: this is no gzip;
  // RESOURCE_EXHAUSTED: more than max_bytes in all.
  Status Write(std::string_view compressed, std::string* out);
  // Whether the stream has ended properly.
  bool complete() const { return complete_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t left_;
  bool complete_ = false;
};

}  // namespace strata::web
