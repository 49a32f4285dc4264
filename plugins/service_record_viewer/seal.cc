#include "plugins/service_record_viewer/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <strata/status.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/base64url.h"

namespace strata::record_viewer {
namespace {

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kMaxSealed = 8192;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

void Random(unsigned char* out, std::size_t size) {
  if (RAND_bytes(out, static_cast<int>(size)) != 1) {
    throw StatusError(Internal("the system gives no random bytes"));
  }
}

// What is authenticated along with the text.
std::string Associated(std::string_view owner) { return "strata search 1\n" + std::string(owner); }

}  // namespace

Seal::Seal() { Random(key_.data(), key_.size()); }

Seal::Seal(std::string_view secret) { SHA256(Bytes(secret), secret.size(), key_.data()); }

std::string Seal::Close(std::string_view text, std::string_view owner,
                        std::int64_t expires_us) const {
  const std::string plain = std::to_string(expires_us) + "\n" + std::string(text);
  const std::string associated = Associated(owner);
  std::string out(kNonce + plain.size() + kTag, '\0');
  Random(Bytes(&out), kNonce);
  const CipherContext context(EVP_CIPHER_CTX_new());
  unsigned char* const body = Bytes(&out) + kNonce;
  int size = 0;
  const bool ok = context != nullptr &&
                  EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(),
                                     Bytes(&out)) == 1 &&
                  EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(associated),
                                    static_cast<int>(associated.size())) == 1 &&
                  EVP_EncryptUpdate(context.get(), body, &size, Bytes(plain),
                                    static_cast<int>(plain.size())) == 1 &&
                  EVP_EncryptFinal_ex(context.get(), body + size, &size) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTag),
                                      body + plain.size()) == 1;
  if (!ok) throw StatusError(Internal("the search could not be sealed"));
  return base::ToBase64Url(out);
}

std::optional<std::string> Seal::Open(std::string_view sealed, std::string_view owner,
                                      std::int64_t now_us) const {
  if (sealed.size() > kMaxSealed) return std::nullopt;
  auto bytes = base::FromBase64Url(sealed);
  if (!bytes || bytes->size() < kNonce + kTag) return std::nullopt;
  const std::size_t length = bytes->size() - kNonce - kTag;
  const std::string associated = Associated(owner);
  std::string plain(length, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  unsigned char* const body = Bytes(&*bytes) + kNonce;
  int size = 0;
  const bool ok =
      context != nullptr &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Bytes(&*bytes)) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), Bytes(&plain), &size, body, static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTag),
                          body + length) == 1 &&
      EVP_DecryptFinal_ex(context.get(), Bytes(&plain) + size, &size) == 1;
  if (!ok) return std::nullopt;
  std::int64_t expires_us = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + length, expires_us);
  if (error != std::errc() || end == plain.data() + length || *end != '\n') return std::nullopt;
  if (now_us > expires_us) return std::nullopt;
  return plain.substr(static_cast<std::size_t>(end + 1 - plain.data()));
}

}  // namespace strata::record_viewer
