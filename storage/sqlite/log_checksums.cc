#include "storage/sqlite/log_checksums.h"

#include <algorithm>

#include "storage/api/crc32c.h"

namespace strata::storage::sqlite {
namespace {

constexpr std::int64_t kLogHeader = 32;
constexpr std::int64_t kFrameHeader = 24;
constexpr std::size_t kPageSizeAt = 8;  // big-endian, in the log's header

std::int64_t PageBytes(std::string_view header) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(header[kPageSizeAt + i]);
  }
  return value;
}

}  // namespace

std::int64_t LogChecksums::FrameOf(std::int64_t offset, std::string_view* bytes) const {
  if (page_bytes_ == 0 || offset < kLogHeader) return -1;
  const std::int64_t frame_bytes = kFrameHeader + page_bytes_;
  const std::int64_t within = (offset - kLogHeader) % frame_bytes;
  const auto size = static_cast<std::int64_t>(bytes->size());
  if (within == 0 && size == frame_bytes) {
    bytes->remove_prefix(static_cast<std::size_t>(kFrameHeader));
  } else if (within != kFrameHeader || size != page_bytes_) {
    return -1;
  }
  return (offset - kLogHeader) / frame_bytes;
}

void LogChecksums::Forget(std::int64_t offset, std::int64_t size) {
  if (page_bytes_ == 0) return;
  const std::int64_t frame_bytes = kFrameHeader + page_bytes_;
  const auto count = static_cast<std::int64_t>(frames_.size());
  const std::int64_t first = std::max<std::int64_t>(0, offset - kLogHeader) / frame_bytes;
  const std::int64_t end = (offset + size - kLogHeader + frame_bytes - 1) / frame_bytes;
  for (std::int64_t frame = first; frame < std::min(end, count); ++frame) {
    frames_[static_cast<std::size_t>(frame)] = 0;
  }
}

void LogChecksums::Wrote(std::int64_t offset, std::string_view bytes, bool ok) {
  base::MutexLock lock(mutex_);
  if (offset == 0 && bytes.size() == static_cast<std::size_t>(kLogHeader)) {
    frames_.clear();  // the log starts anew; nobody reads the frames of the last one any more
    page_bytes_ = PageBytes(bytes);
    return;
  }
  const auto size = static_cast<std::int64_t>(bytes.size());
  const std::int64_t frame = ok ? FrameOf(offset, &bytes) : -1;
  if (frame < 0) {
    if (!ok || size != kFrameHeader) Forget(offset, size);
    return;
  }
  const auto index = static_cast<std::size_t>(frame);
  if (index >= frames_.size()) frames_.resize(index + 1);
  frames_[index] = std::uint64_t{1} + Crc32c(bytes);
}

void LogChecksums::LeaveToOther() {
  base::MutexLock lock(mutex_);
  others_ = true;
}

void LogChecksums::TakeOver(std::int64_t page_bytes) {
  base::MutexLock lock(mutex_);
  others_ = false;
  page_bytes_ = page_bytes;
  frames_.clear();
}

bool LogChecksums::Check(std::int64_t offset, std::string_view bytes) {
  base::MutexLock lock(mutex_);
  if (offset == 0 && bytes.size() >= static_cast<std::size_t>(kLogHeader)) {
    if (page_bytes_ == 0) page_bytes_ = PageBytes(bytes);
    return true;
  }
  const std::int64_t frame = others_ ? -1 : FrameOf(offset, &bytes);
  if (frame < 0) return true;
  const auto index = static_cast<std::size_t>(frame);
  if (index >= frames_.size()) frames_.resize(index + 1);
  const std::uint64_t found = std::uint64_t{1} + Crc32c(bytes);
  if (frames_[index] == 0) frames_[index] = found;
  return frames_[index] == found;
}

void LogChecksums::Truncated(std::int64_t size) {
  base::MutexLock lock(mutex_);
  if (size < kLogHeader || page_bytes_ == 0) {
    frames_.clear();
    page_bytes_ = 0;
    return;
  }
  const std::int64_t kept = (size - kLogHeader) / (kFrameHeader + page_bytes_);
  if (static_cast<std::size_t>(kept) < frames_.size()) {
    frames_.resize(static_cast<std::size_t>(kept));
  }
}

}  // namespace strata::storage::sqlite
