#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::plugins::hosting_encrypted {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
// Nonce and tag: what a sealed text is longer than its plaintext.
inline constexpr std::size_t kSealBytes = kNonceBytes + kTagBytes;

using KeyBytes = std::array<unsigned char, kKeyBytes>;

// XAES-256-GCM (C2SP, c2sp.org/XAES-256-GCM): AES-256-GCM with a key of its own for each text,
// which NIST SP 800-108r1 derives (KDF in counter mode, CMAC) from half of a random nonce of 192
// bits. A plain AES-GCM nonce has 96 bits, too few to be drawn at random more than 2^32 times per
// key; these can be, for the life of a store, with no counter to be kept. Thread-safe; the key is
// wiped at the end.
class XaesKey {
 public:
  // INTERNAL: libcrypto failed.
  static Result<XaesKey> Make(const KeyBytes& key);
  ~XaesKey();
  XaesKey(const XaesKey&) = default;
  XaesKey& operator=(const XaesKey&) = default;

  // Appends nonce, ciphertext and tag. INTERNAL: libcrypto failed, or has no random bytes.
  Status Seal(std::string_view plaintext, std::string_view authenticated, std::string* out) const;
  // The same with a nonce of the caller, who never uses one twice: for tests.
  Status SealWith(std::string_view nonce, std::string_view plaintext,
                  std::string_view authenticated, std::string* out) const;
  // Replaces *plaintext. DATA_LOSS: these bytes were not sealed with this key and `authenticated`.
  Status Open(std::string_view sealed, std::string_view authenticated,
              std::string* plaintext) const;

  const KeyBytes& key() const { return key_; }

 private:
  XaesKey() = default;
  Status Derive(std::string_view nonce, KeyBytes* derived) const;

  KeyBytes key_{};
  std::array<unsigned char, 16> k1_{};  // the CMAC subkey
};

// Random bytes from libcrypto. INTERNAL: it has none.
Result<KeyBytes> RandomKey();

}  // namespace strata::plugins::hosting_encrypted
