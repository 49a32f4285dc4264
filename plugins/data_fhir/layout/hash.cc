#include "plugins/data_fhir/layout/hash.h"

#include <bit>
#include <cstring>
#include <string>

namespace strata::fhir::layout {
namespace {

struct Key {
  std::uint64_t k0;
  std::uint64_t k1;
};

// "strata:fhir:key1" and "strata:fhir:key2". Stored: never change.
constexpr Key kFirst{0x663a617461727473ULL, 0x3179656b3a726968ULL};
constexpr Key kSecond{0x663a617461727473ULL, 0x3279656b3a726968ULL};

class SipHash {
 public:
  explicit SipHash(Key key)
      : v0_(key.k0 ^ 0x736f6d6570736575ULL),
        v1_(key.k1 ^ 0x646f72616e646f6dULL),
        v2_(key.k0 ^ 0x6c7967656e657261ULL),
        v3_(key.k1 ^ 0x7465646279746573ULL) {}

  std::uint64_t operator()(std::string_view text) {
    const std::size_t whole = text.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) Compress(Load(text.data() + i, 8));
    const std::uint64_t last = Load(text.data() + whole, text.size() - whole);
    Compress(last | static_cast<std::uint64_t>(text.size()) << 56);
    v2_ ^= 0xff;
    for (int i = 0; i < 4; ++i) Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  static std::uint64_t Load(const char* data, std::size_t size) {
    std::uint64_t word = 0;
    if (size > 0) std::memcpy(&word, data, size);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
  }

  void Compress(std::uint64_t word) {
    v3_ ^= word;
    Round();
    Round();
    v0_ ^= word;
  }

  void Round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

std::uint64_t Hash64(std::string_view text) { return SipHash(kFirst)(text); }

std::array<char, 16> Hash128(std::string_view text) {
  const std::uint64_t halves[] = {SipHash(kFirst)(text), SipHash(kSecond)(text)};
  std::array<char, 16> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<char>(halves[i / 8] >> (8 * (7 - i % 8)));
  }
  return out;
}

std::uint64_t HashOfReference(std::string_view type, std::string_view id) {
  std::string text;
  text.reserve(type.size() + 1 + id.size());
  text.append(type).append("/").append(id);
  return Hash64(text);
}

}  // namespace strata::fhir::layout
