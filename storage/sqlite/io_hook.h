#pragma once

#include <cstdint>
#include <string_view>

namespace strata::storage::sqlite {

enum class IoFile { kData, kLog };
enum class IoFault { kNone, kNoSpace, kDevice };

// Sees every change of a store's files before it happens and may let it fail: how tests count
// syncs, fill the disk and cut the power. Called from several threads.
class IoHook {
 public:
  virtual ~IoHook() = default;
  virtual IoFault OnWrite(IoFile file, std::int64_t offset, std::string_view bytes) = 0;
  virtual IoFault OnTruncate(IoFile file, std::int64_t size) = 0;
  virtual IoFault OnSync(IoFile file) = 0;
};

}  // namespace strata::storage::sqlite
