#include "plugins/data_fhir/store/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSealBytes = 16;
constexpr char kTokenFormat = 1;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648 section 5

std::string ToBase64Url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) out.push_back(kAlphabet[bits << (6 - count) & 63]);
  return out;
}

// Empty when the text is not base64url.
std::string FromBase64Url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count));
  }
  return out;
}

std::string SealOf(std::string_view secret, std::string_view purpose, std::string_view payload) {
  std::string text(1, kTokenFormat);
  text.append(std::to_string(purpose.size())).append(":").append(purpose).append(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), kSealBytes};
}

}  // namespace

Result<std::string> PageTokens::Seal(const Context& cx, std::string_view purpose,
                                     std::string_view payload) {
  STRATA_ASSIGN_OR_RETURN(const std::string secret, Secret(cx));
  return ToBase64Url(SealOf(secret, purpose, payload).append(payload));
}

Result<std::string> PageTokens::Open(const Context& cx, std::string_view purpose,
                                     std::string_view token) {
  STRATA_ASSIGN_OR_RETURN(const std::string secret, Secret(cx));
  const std::string bytes = FromBase64Url(token);
  if (bytes.size() >= kSealBytes) {
    std::string payload = bytes.substr(kSealBytes);
    const std::string seal = SealOf(secret, purpose, payload);
    if (CRYPTO_memcmp(seal.data(), bytes.data(), kSealBytes) == 0) return payload;
  }
  return Fault(
      Code::kInvalidArgument, "value",
      "the page token was not made by this server for this request; start at the first page",
      "page_token");
}

Result<std::string> PageTokens::Secret(const Context& cx) {
  base::MutexLock lock(mutex_);
  if (!secret_.empty()) return secret_;
  const std::string key = layout::MetaKey("token-secret");
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    STRATA_ASSIGN_OR_RETURN(HostedRow row, hosting_.GetOne(cx, key));
    if (row.version != 0) {
      secret_ = std::move(row.value);
      return secret_;
    }
    std::string fresh(kSecretBytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), kSecretBytes) != 1) {
      return Internal("the system gives no random numbers");
    }
    RowChanges changes;
    changes.RequireAbsent(key);
    changes.Put(key, fresh);
    const auto committed = hosting_.Commit(cx, std::move(changes));
    if (!committed.ok() && committed.status().code() != Code::kAborted) return committed.status();
  }
  return TooBusy();
}

}  // namespace strata::fhir::store
