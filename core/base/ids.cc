#include "core/base/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace strata::base {
namespace {

void SystemEntropy(void* out, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = getrandom(bytes, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::perror("bug: getrandom");  // Only EFAULT or ENOSYS get here.
      std::abort();
    }
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Generator {
 public:
  Generator() { SystemEntropy(&state_, sizeof state_); }

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_ = 0;
};

// `high` and `low` already carry version and variant.
std::string FormatUuid(std::uint64_t high, std::uint64_t low) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) out.push_back('-');
    const std::uint64_t word = nibble < 16 ? high : low;
    out.push_back(kHex[(word >> (60 - 4 * (nibble % 16))) & 0xf]);
  }
  return out;
}

constexpr std::uint64_t kVariantMask = 0x3fffffffffffffffu;
constexpr std::uint64_t kVariant = 0x8000000000000000u;
constexpr std::uint64_t kVersionMask = 0xffffffffffff0fffu;

}  // namespace

std::uint64_t RandomId() {
  thread_local Generator generator;
  return generator.Next();
}

std::string NewUuid7(std::int64_t wall_us) {
  const auto millis = static_cast<std::uint64_t>(wall_us / 1000);
  const std::uint64_t high = (millis << 16) | (RandomId() & 0xffff);
  return FormatUuid((high & kVersionMask) | 0x7000, (RandomId() & kVariantMask) | kVariant);
}

std::string NewUuid4() {
  std::uint64_t words[2] = {};
  SystemEntropy(words, sizeof words);
  return FormatUuid((words[0] & kVersionMask) | 0x4000, (words[1] & kVariantMask) | kVariant);
}

}  // namespace strata::base
