#include "plugins/hosting_encrypted/envelope.h"

#include "core/base/rows.h"

namespace strata::plugins::hosting_encrypted {
namespace {

constexpr unsigned kFormat = 0x10;
constexpr unsigned kKeyStamped = 1;
constexpr unsigned kValueStamped = 2;
constexpr std::size_t kStampBytes = 8;

struct Head {
  std::uint64_t data_key = 0;
  Stamps stamps;
};

bool TakeStamp(std::string_view* in, bool present, std::optional<std::uint32_t>* at) {
  std::uint64_t value = 0;
  if (!present) return true;
  if (!TakeVarint(in, &value) || value > 0xffffffff) return false;
  *at = static_cast<std::uint32_t>(value);
  return true;
}

bool TakeHead(std::string_view* in, Head* head) {
  if (in->empty()) return false;
  const auto first = static_cast<unsigned char>((*in)[0]);
  if ((first & ~(kKeyStamped | kValueStamped)) != kFormat) return false;
  in->remove_prefix(1);
  return TakeVarint(in, &head->data_key) &&
         TakeStamp(in, (first & kKeyStamped) != 0, &head->stamps.key_at) &&
         TakeStamp(in, (first & kValueStamped) != 0, &head->stamps.value_at);
}

void PutStamp(std::string* bytes, std::uint32_t at, std::uint64_t version) {
  for (std::size_t i = 0; i < kStampBytes; ++i) {
    (*bytes)[at + i] = static_cast<char>(version >> (8 * (kStampBytes - 1 - i)));
  }
}

bool Fits(const std::optional<std::uint32_t>& at, std::size_t size) {
  return !at || (size >= kStampBytes && *at <= size - kStampBytes);
}

// What is authenticated: the head, and the key with zeros where the version is.
std::string Authenticated(std::string_view head, std::string_view key, const Stamps& stamps) {
  std::string bytes(head);
  const std::size_t at = bytes.size();
  bytes.append(key);
  if (stamps.key_at) bytes.replace(at + *stamps.key_at, kStampBytes, kStampBytes, '\0');
  return bytes;
}

// A stamped key carries the version of its row; else it is another row's.
bool CarriesVersion(std::string_view key, const Stamps& stamps, std::uint64_t version) {
  if (!stamps.key_at) return true;
  std::string stamp(kStampBytes, '\0');
  PutStamp(&stamp, 0, version);
  return key.substr(*stamps.key_at, kStampBytes) == stamp;
}

}  // namespace

Status SealValue(const DataKey& with, std::string_view key, std::string_view value,
                 const Stamps& stamps, std::string* out) {
  const std::size_t start = out->size();
  out->push_back(static_cast<char>(kFormat | (stamps.key_at ? kKeyStamped : 0U) |
                                   (stamps.value_at ? kValueStamped : 0U)));
  AppendVarint(out, with.id);
  if (stamps.key_at) AppendVarint(out, *stamps.key_at);
  if (stamps.value_at) AppendVarint(out, *stamps.value_at);
  const std::string authenticated =
      Authenticated(std::string_view(*out).substr(start), key, stamps);
  return with.key->Seal(value, authenticated, out);
}

std::uint64_t DataKeyOf(std::string_view stored) {
  Head head;
  return TakeHead(&stored, &head) ? head.data_key : 0;
}

Status OpenValue(const Keyring& ring, std::string_view key, std::uint64_t version,
                 std::string_view stored, std::string* value) {
  std::string_view sealed = stored;
  Head head;
  if (!TakeHead(&sealed, &head)) return DataLoss("a value is not encrypted");
  const XaesKey* data_key = ring.Find(head.data_key);
  if (data_key == nullptr) return DataLoss("a value is encrypted with an unknown data key");
  if (!Fits(head.stamps.key_at, key.size()) || !CarriesVersion(key, head.stamps, version)) {
    return DataLoss("a value is not where it was written");
  }
  const std::string_view head_bytes = stored.substr(0, stored.size() - sealed.size());
  STRATA_RETURN_IF_ERROR(
      data_key->Open(sealed, Authenticated(head_bytes, key, head.stamps), value));
  if (!Fits(head.stamps.value_at, value->size())) return DataLoss("a value has a wrong stamp");
  if (head.stamps.value_at) PutStamp(value, *head.stamps.value_at, version);
  return OkStatus();
}

}  // namespace strata::plugins::hosting_encrypted
