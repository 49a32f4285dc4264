#include "plugins/hosting_encrypted/xaes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

namespace strata::plugins::hosting_encrypted {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kDerivationNonce = 12;  // the rest is the nonce of AES-GCM

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Looked up once: a lookup for each text costs more than the encryption of a short one.
const EVP_CIPHER* Gcm() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return kCipher;
}
const EVP_CIPHER* Ecb() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  return kCipher;
}

// One per thread and cipher; what it holds is overwritten by the next key.
EVP_CIPHER_CTX* GcmContext() {
  thread_local const ContextPointer context(EVP_CIPHER_CTX_new());
  return context.get();
}
EVP_CIPHER_CTX* EcbContext() {
  thread_local const ContextPointer context(EVP_CIPHER_CTX_new());
  return context.get();
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Status Failed() { return Internal("libcrypto failed"); }

// AES of whole blocks.
Status EncryptBlocks(const KeyBytes& key, const unsigned char* in, int size, unsigned char* out) {
  EVP_CIPHER_CTX* context = EcbContext();
  int written = 0;
  if (context == nullptr || Ecb() == nullptr ||
      EVP_EncryptInit_ex2(context, Ecb(), key.data(), nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
      EVP_EncryptUpdate(context, out, &written, in, size) != 1 || written != size) {
    return Failed();
  }
  return OkStatus();
}

}  // namespace

Result<XaesKey> XaesKey::Make(const KeyBytes& key) {
  XaesKey made;
  made.key_ = key;
  const std::array<unsigned char, kBlock> zero{};
  STRATA_RETURN_IF_ERROR(EncryptBlocks(key, zero.data(), kBlock, made.k1_.data()));
  // Doubling in GF(2^128), as CMAC derives its first subkey.
  unsigned carry = 0;
  for (std::size_t i = kBlock; i-- > 0;) {
    const unsigned doubled = (static_cast<unsigned>(made.k1_[i]) << 1) | carry;
    made.k1_[i] = static_cast<unsigned char>(doubled);
    carry = doubled >> 8;
  }
  if (carry != 0) made.k1_[kBlock - 1] ^= 0x87;
  return made;
}

XaesKey::~XaesKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(k1_.data(), k1_.size());
}

Status XaesKey::Derive(std::string_view nonce, KeyBytes* derived) const {
  std::array<unsigned char, 2 * kBlock> blocks{};
  for (std::size_t i = 0; i < 2; ++i) {
    unsigned char* block = blocks.data() + i * kBlock;
    block[1] = static_cast<unsigned char>(i + 1);
    block[2] = 'X';
    for (std::size_t j = 0; j < kDerivationNonce; ++j) block[4 + j] = Bytes(nonce)[j];
    for (std::size_t j = 0; j < kBlock; ++j) block[j] ^= k1_[j];
  }
  return EncryptBlocks(key_, blocks.data(), blocks.size(), derived->data());
}

Status XaesKey::Seal(std::string_view plaintext, std::string_view authenticated,
                     std::string* out) const {
  std::array<unsigned char, kNonceBytes> nonce{};
  if (RAND_bytes(nonce.data(), kNonceBytes) != 1) return Internal("no random bytes");
  return SealWith({reinterpret_cast<const char*>(nonce.data()), kNonceBytes}, plaintext,
                  authenticated, out);
}

Status XaesKey::SealWith(std::string_view nonce, std::string_view plaintext,
                         std::string_view authenticated, std::string* out) const {
  KeyBytes derived{};
  STRATA_RETURN_IF_ERROR(Derive(nonce, &derived));
  out->append(nonce);
  const std::size_t at = out->size();
  out->resize(at + plaintext.size() + kTagBytes);
  auto* target = reinterpret_cast<unsigned char*>(out->data() + at);
  EVP_CIPHER_CTX* context = GcmContext();
  int written = 0;
  const bool sealed = context != nullptr && Gcm() != nullptr &&
                      EVP_EncryptInit_ex2(context, Gcm(), derived.data(),
                                          Bytes(nonce) + kDerivationNonce, nullptr) == 1 &&
                      EVP_EncryptUpdate(context, nullptr, &written, Bytes(authenticated),
                                        static_cast<int>(authenticated.size())) == 1 &&
                      EVP_EncryptUpdate(context, target, &written, Bytes(plaintext),
                                        static_cast<int>(plaintext.size())) == 1 &&
                      EVP_EncryptFinal_ex(context, target + plaintext.size(), &written) == 1 &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                          target + plaintext.size()) == 1;
  OPENSSL_cleanse(derived.data(), derived.size());
  return sealed ? OkStatus() : Failed();
}

Status XaesKey::Open(std::string_view sealed, std::string_view authenticated,
                     std::string* plaintext) const {
  if (sealed.size() < kSealBytes) return DataLoss("an encrypted value is cut off");
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kSealBytes);
  std::array<unsigned char, kTagBytes> tag{};
  sealed.copy(reinterpret_cast<char*>(tag.data()), kTagBytes, sealed.size() - kTagBytes);
  KeyBytes derived{};
  STRATA_RETURN_IF_ERROR(Derive(nonce, &derived));
  plaintext->resize(text.size());
  auto* target = reinterpret_cast<unsigned char*>(plaintext->data());
  EVP_CIPHER_CTX* context = GcmContext();
  int written = 0;
  const bool opened =
      context != nullptr && Gcm() != nullptr &&
      EVP_DecryptInit_ex2(context, Gcm(), derived.data(), Bytes(nonce) + kDerivationNonce,
                          nullptr) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &written, Bytes(authenticated),
                        static_cast<int>(authenticated.size())) == 1 &&
      EVP_DecryptUpdate(context, target, &written, Bytes(text), static_cast<int>(text.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, target + text.size(), &written) == 1;
  OPENSSL_cleanse(derived.data(), derived.size());
  if (opened) return OkStatus();
  plaintext->clear();
  return DataLoss("a value is damaged, or not where it was written");
}

Result<KeyBytes> RandomKey() {
  KeyBytes key{};
  if (RAND_priv_bytes(key.data(), kKeyBytes) != 1) return Internal("no random bytes");
  return key;
}

}  // namespace strata::plugins::hosting_encrypted
