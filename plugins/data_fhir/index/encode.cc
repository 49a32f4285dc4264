#include "plugins/data_fhir/index/encode.h"

#include <algorithm>
#include <array>

#include "plugins/data_fhir/index/fold.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/hash.h"

namespace strata::fhir::index {
namespace {

constexpr char kEnd = '\0';
constexpr char kHashed = '\1';
constexpr std::size_t kLongHashBytes = 16;
constexpr std::size_t kUriHeadBytes = kMaxUriBytes - kLongHashBytes - 1;

enum class ReferenceForm : char { kLocal = 1, kAbsolute = 2, kCanonical = 3 };

void AppendLongHash(std::string_view text, std::string* out) {
  const std::array<char, kLongHashBytes> hash = layout::Hash128(text);
  out->append(hash.data(), hash.size());
}

std::optional<std::string_view> TakeBytes(std::size_t size, std::string_view* bytes) {
  if (bytes->size() < size) return std::nullopt;
  const std::string_view taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return taken;
}

// A text that ends with kEnd: all of it.
std::optional<std::string_view> TakeEnded(std::string_view* bytes, std::size_t more = 0) {
  const std::size_t end = bytes->find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  return TakeBytes(end + 1 + more, bytes);
}

bool IsPlainToken(std::string_view code) {
  return code.size() <= kMaxTokenBytes && !code.empty() &&
         std::none_of(code.begin(), code.end(), [](char c) { return c >= 0 && c < 0x08; });
}

}  // namespace

void AppendShortHash(std::string_view text, std::string* out) {
  if (text.empty()) {
    out->append(kShortHashBytes, '\0');
    return;
  }
  layout::AppendBigEndian(layout::Hash64(text) | 1, kShortHashBytes, out);
}

void AppendTokenCode(std::string_view code, std::string* out) {
  const std::string folded = FoldCase(code);
  if (IsPlainToken(folded)) {
    out->append(folded);
  } else {
    out->push_back(kHashed);
    AppendLongHash(folded, out);
  }
  out->push_back(kEnd);
}

void AppendToken(std::string_view system, std::string_view code, std::string* out) {
  AppendTokenCode(code, out);
  AppendShortHash(system, out);
}

void AppendStringStart(std::string_view folded, std::string* out) {
  out->append(folded.substr(0, kMaxStringBytes));
}

void AppendString(std::string_view folded, std::string* out) {
  AppendStringStart(folded, out);
  out->push_back(kEnd);
}

void AppendLocalReference(std::uint64_t hash, std::string* out) {
  out->push_back(static_cast<char>(ReferenceForm::kLocal));
  layout::AppendBigEndian(hash, sizeof(hash), out);
}

void AppendLocalReference(std::string_view type, std::string_view id, std::string* out) {
  AppendLocalReference(layout::HashOfReference(type, id), out);
}

void AppendAbsoluteReference(std::string_view url, std::string* out) {
  out->push_back(static_cast<char>(ReferenceForm::kAbsolute));
  AppendLongHash(url, out);
}

void AppendCanonicalStart(std::string_view url, std::string* out) {
  out->push_back(static_cast<char>(ReferenceForm::kCanonical));
  AppendLongHash(url, out);
}

void AppendCanonical(std::string_view url, std::string_view version, std::string* out) {
  AppendCanonicalStart(url, out);
  AppendShortHash(version, out);
}

void AppendUriStart(std::string_view uri, std::string* out) {
  out->append(uri.substr(0, kUriHeadBytes));
}

void AppendUri(std::string_view uri, std::string* out) {
  if (uri.size() <= kMaxUriBytes) {
    out->append(uri);
    out->push_back(kEnd);
    return;
  }
  AppendUriStart(uri, out);
  out->push_back(kHashed);
  AppendLongHash(uri, out);
}

namespace {

void AppendUnit(const QuantityUnit& unit, std::string* out) {
  AppendShortHash(unit.system, out);
  AppendShortHash(unit.code, out);
  AppendShortHash(unit.unit, out);
}

}  // namespace

void AppendQuantity(double value, const QuantityUnit& unit, std::string* out) {
  out->push_back(static_cast<char>(QuantityForm::kAsWritten));
  AppendNumber(value, out);
  AppendUnit(unit, out);
}

void AppendQuantityRange(double low, double high, const QuantityUnit& unit, std::string* out) {
  out->push_back(static_cast<char>(QuantityForm::kRange));
  AppendNumber(low, out);
  AppendNumber(high, out);
  AppendUnit(unit, out);
}

void AppendCanonicalQuantity(double value, std::string_view base_units, std::string* out) {
  out->push_back(static_cast<char>(QuantityForm::kCanonical));
  AppendShortHash(base_units, out);
  AppendNumber(value, out);
}

std::optional<StoredQuantity> TakeQuantity(std::string_view* bytes) {
  const std::optional<std::string_view> form = TakeBytes(1, bytes);
  if (!form) return std::nullopt;
  StoredQuantity quantity;
  quantity.form = static_cast<QuantityForm>(form->front());
  const bool canonical = quantity.form == QuantityForm::kCanonical;
  const bool range = quantity.form == QuantityForm::kRange;
  const std::size_t size =
      canonical ? kShortHashBytes + 8 : 3 * kShortHashBytes + (range ? 16U : 8U);
  std::optional<std::string_view> rest = TakeBytes(size, bytes);
  if (!rest) return std::nullopt;
  if (canonical) quantity.code = *TakeBytes(kShortHashBytes, &*rest);
  quantity.low = *TakeNumber(&*rest);
  quantity.high = range ? *TakeNumber(&*rest) : quantity.low;
  if (canonical) return quantity;
  quantity.system = *TakeBytes(kShortHashBytes, &*rest);
  quantity.code = *TakeBytes(kShortHashBytes, &*rest);
  quantity.unit = *TakeBytes(kShortHashBytes, &*rest);
  return quantity;
}

std::optional<std::string_view> TakeToken(std::string_view* bytes) {
  if (bytes->starts_with(kHashed)) {
    return TakeBytes(1 + kLongHashBytes + 1 + kShortHashBytes, bytes);
  }
  return TakeEnded(bytes, kShortHashBytes);
}

std::optional<std::string_view> TakeString(std::string_view* bytes) { return TakeEnded(bytes); }

std::optional<std::string_view> TakeReference(std::string_view* bytes) {
  if (bytes->empty()) return std::nullopt;
  switch (static_cast<ReferenceForm>(bytes->front())) {
    case ReferenceForm::kLocal:
      return TakeBytes(1 + 8, bytes);
    case ReferenceForm::kAbsolute:
      return TakeBytes(1 + kLongHashBytes, bytes);
    case ReferenceForm::kCanonical:
      return TakeBytes(1 + kLongHashBytes + kShortHashBytes, bytes);
  }
  return std::nullopt;
}

std::optional<std::string_view> TakeUri(std::string_view* bytes) {
  const std::size_t end = bytes->find_first_of(std::string_view("\0\1", 2));
  if (end == std::string_view::npos) return std::nullopt;
  return TakeBytes((*bytes)[end] == kEnd ? end + 1 : end + 1 + kLongHashBytes, bytes);
}

std::string_view SystemOfToken(std::string_view token) {
  return token.substr(token.size() - kShortHashBytes);
}

}  // namespace strata::fhir::index
