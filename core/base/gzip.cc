#include "core/base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

namespace strata::web {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, gzip framing
constexpr int kLevel = 4;
constexpr std::size_t kBuffer = 16 * 1024;
constexpr std::size_t kMaxInput = std::size_t{1} << 30;

void SetInput(z_stream* stream, std::string_view text) {
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream->avail_in = static_cast<uInt>(text.size());
}

}  // namespace

struct GzipWriter::State {
  z_stream stream{};
};

GzipWriter::GzipWriter() : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
}

GzipWriter::~GzipWriter() { deflateEnd(&state_->stream); }

void GzipWriter::Run(std::string_view text, int flush, std::string* out) {
  std::array<char, kBuffer> buffer;
  SetInput(&state_->stream, text);
  do {
    state_->stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    state_->stream.avail_out = static_cast<uInt>(buffer.size());
    deflate(&state_->stream, flush);
    out->append(buffer.data(), buffer.size() - state_->stream.avail_out);
  } while (state_->stream.avail_out == 0);
}

void GzipWriter::Write(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kMaxInput);
    Run(piece, Z_NO_FLUSH, out);
    text.remove_prefix(piece.size());
  }
}

void GzipWriter::Finish(std::string* out) { Run({}, Z_FINISH, out); }

struct GunzipReader::State {
  z_stream stream{};
};

GunzipReader::GunzipReader(std::uint64_t max_bytes)
    : state_(std::make_unique<State>()), left_(max_bytes) {
  if (inflateInit2(&state_->stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
}

GunzipReader::~GunzipReader() { inflateEnd(&state_->stream); }

Status GunzipReader::Write(std::string_view compressed, std::string* out) {
  std::array<char, kBuffer> buffer;
  z_stream& stream = state_->stream;
  if (compressed.empty()) return {};
  if (complete_ || compressed.size() > kMaxInput) return InvalidArgument("not one gzip stream");
  SetInput(&stream, compressed);
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_BUF_ERROR) break;
    if (code != Z_OK && code != Z_STREAM_END) return InvalidArgument("not a valid gzip stream");
    const std::size_t size = buffer.size() - stream.avail_out;
    if (size > left_) return ResourceExhausted("the decompressed text is too long");
    left_ -= size;
    out->append(buffer.data(), size);
    complete_ = code == Z_STREAM_END;
  } while (!complete_ && (stream.avail_in > 0 || stream.avail_out == 0));
  if (complete_ && stream.avail_in > 0) return InvalidArgument("bytes after the gzip stream");
  return {};
}

}  // namespace strata::web
