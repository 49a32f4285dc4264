#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "storage/api/clock.h"
#include "storage/api/types.h"

namespace strata::storage::sqlite {

class IoHook;

struct SqliteOptions {
  // The folder of the store; made when it is not there.
  std::string folder;
  // Memory for pages: half of it for the writer, the rest for the readers.
  std::size_t cache_bytes = std::size_t{64} << 20;
  // Of a new store; a power of two from 4096 to 65536.
  std::uint32_t page_bytes = 8192;

  // The feed keeps the commits of this time, unless their keys take more than this.
  std::chrono::microseconds feed_age = std::chrono::hours(24 * 7);
  std::uint64_t feed_bytes = std::uint64_t{64} << 20;
  // A remembered request_id is kept between one and two times as long.
  std::chrono::microseconds request_id_age = std::chrono::hours(24);

  // The log is copied into the file in the background whenever it has grown by so much; ...
  std::uint64_t checkpoint_bytes = std::uint64_t{8} << 20;
  // ... at this size commits wait until it starts anew, ...
  std::uint64_t restart_bytes = std::uint64_t{64} << 20;
  // ... and at which views that hold it up are ended.
  std::uint64_t expire_bytes = std::uint64_t{256} << 20;

  // A view that is held for less time than this is waited for, not ended, and does not keep commits
  // from waiting.
  std::chrono::microseconds brief_view = std::chrono::milliseconds(500);

  // A commit with more bytes than this is carried out in steps, so that others need not wait for
  // it.
  std::uint64_t large_commit_bytes = std::uint64_t{4} << 20;

  // Open connections for reading, which bounds snapshots and scans that run at once.
  std::size_t max_readers = 320;

  Limits limits;
  Clock clock;
  // Sees and may fail what is written; for tests.
  IoHook* io_hook = nullptr;
};

}  // namespace strata::storage::sqlite
