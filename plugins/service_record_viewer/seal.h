#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Addresses of result pages. What a person searched for (a name, an NHS number) must not appear in
// a URL, since URLs land in logs and histories; and a page reached by POST cannot be returned to
// with "back". So the search is sealed into the address: encrypted, bound to the person and
// short-lived. Nothing is kept on the server, so several servers with one key answer alike.
namespace strata::record_viewer {

// AES-256-GCM (NIST SP 800-38D) under a key of this process, with random nonces. Thread-safe.
class Seal final {
 public:
  // A random key; StatusError INTERNAL when the system has no randomness.
  Seal();
  // A key derived from a secret that several servers share (SHA-256).
  explicit Seal(std::string_view secret);

  // URL-safe text that only this key opens, for `owner` until `expires_us`.
  std::string Close(std::string_view text, std::string_view owner, std::int64_t expires_us) const;

  // Nothing when it was changed, is another owner's or another key's, or has expired.
  std::optional<std::string> Open(std::string_view sealed, std::string_view owner,
                                  std::int64_t now_us) const;

 private:
  std::array<unsigned char, 32> key_;
};

}  // namespace strata::record_viewer
