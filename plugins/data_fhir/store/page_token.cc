#include "plugins/data_fhir/store/page_token.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "core/base/base64url.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSealBytes = 16;
constexpr char kTokenFormat = 1;

Status NoSeal() { return Internal("HMAC-SHA-256 is not available"); }

}  // namespace

void PageTokens::FreeMac::operator()(evp_mac_ctx_st* mac) const { EVP_MAC_CTX_free(mac); }

Result<std::string> PageTokens::Seal(const Context& cx, std::string_view purpose,
                                     std::string_view payload) {
  STRATA_ASSIGN_OR_RETURN(std::string seal, SealOf(cx, purpose, payload));
  return base::ToBase64Url(seal.append(payload));
}

Result<std::string> PageTokens::Open(const Context& cx, std::string_view purpose,
                                     std::string_view token) {
  const std::string bytes = base::FromBase64Url(token).value_or(std::string());
  if (bytes.size() >= kSealBytes) {
    std::string payload = bytes.substr(kSealBytes);
    STRATA_ASSIGN_OR_RETURN(const std::string seal, SealOf(cx, purpose, payload));
    if (CRYPTO_memcmp(seal.data(), bytes.data(), kSealBytes) == 0) return payload;
  }
  return Fault(
      Code::kInvalidArgument, "value",
      "the page token was not made by this server for this request; start at the first page",
      "page_token");
}

Status PageTokens::Prepare(const Context& cx) {
  const base::MutexLock lock(mutex_);
  return mac_ == nullptr ? FindSecret(cx) : OkStatus();
}

Result<std::string> PageTokens::SealOf(const Context& cx, std::string_view purpose,
                                       std::string_view payload) {
  std::string text(1, kTokenFormat);
  text.append(std::to_string(purpose.size())).append(":").append(purpose).append(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  const base::MutexLock lock(mutex_);
  if (mac_ == nullptr) STRATA_RETURN_IF_ERROR(FindSecret(cx));
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const bool sealed = EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
                      EVP_MAC_update(mac_.get(), bytes, text.size()) == 1 &&
                      EVP_MAC_final(mac_.get(), digest.data(), &size, digest.size()) == 1;
  if (!sealed || size < kSealBytes) return NoSeal();
  return std::string(reinterpret_cast<const char*>(digest.data()), kSealBytes);
}

Status PageTokens::TakeSecret(std::string_view secret) {
  char sha256[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
      OSSL_PARAM_construct_end()};
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (hmac == nullptr) return NoSeal();
  std::unique_ptr<evp_mac_ctx_st, FreeMac> mac(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(secret.data());
  if (mac == nullptr || EVP_MAC_init(mac.get(), bytes, secret.size(), parameters) != 1) {
    return NoSeal();
  }
  mac_ = std::move(mac);
  return {};
}

Status PageTokens::FindSecret(const Context& cx) {
  const std::string key = layout::MetaKey("token-secret");
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    STRATA_ASSIGN_OR_RETURN(const HostedRow row, hosting_.GetOne(cx, key));
    if (row.version != 0) return TakeSecret(row.value);
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
