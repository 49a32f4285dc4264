#include "plugins/service_console/session.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <strata/status.h>

#include <algorithm>
#include <span>

namespace strata::console {
namespace {

constexpr std::string_view kName = "strata-console";
constexpr std::size_t kLength = 32;  // 128 bits

void Random(std::span<unsigned char> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    throw StatusError(Internal("the system gives no random bytes"));
  }
}

std::string Hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

bool IsSession(std::string_view text) {
  return text.size() == kLength && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

Sessions::Sessions() { Random(key_); }

std::string Sessions::Find(std::string_view cookie_header) const {
  while (!cookie_header.empty()) {
    const std::size_t end = std::min(cookie_header.find(';'), cookie_header.size());
    std::string_view pair = cookie_header.substr(0, end);
    cookie_header.remove_prefix(std::min(end + 1, cookie_header.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != kName) continue;
    if (IsSession(pair.substr(equals + 1))) return std::string(pair.substr(equals + 1));
  }
  return RandomText();
}

std::string Sessions::Cookie(std::string_view session) {
  return std::string(kName) + "=" + std::string(session) + "; Path=/; HttpOnly; SameSite=Strict";
}

std::string Sessions::Token(std::string_view session) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(session.data()), session.size(), digest.data(),
           &size) == nullptr) {
    throw StatusError(Internal("HMAC-SHA256 failed"));
  }
  return Hex({digest.data(), size});
}

bool Sessions::Check(std::string_view session, std::string_view token) const {
  const std::string expected = Token(session);
  return token.size() == expected.size() &&
         CRYPTO_memcmp(token.data(), expected.data(), expected.size()) == 0;
}

std::string RandomText() {
  std::array<unsigned char, kLength / 2> bytes{};
  Random(bytes);
  return Hex(bytes);
}

}  // namespace strata::console
