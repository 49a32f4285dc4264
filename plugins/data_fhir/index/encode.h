#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The bytes that stand for values in index keys, one family per search type; dates and numbers are
// in date_value.h and number_value.h. Each value ends itself, so that values can follow each other
// in a composite and an exact value is one run of resource numbers. Stored: never change.
// Thread-safe.
//
//   missing    nothing: the parameter has a value, but none that can be searched for
//   token      code 00 system6 | 01 hash16 00 system6     code: case-folded, at most 32 bytes
//   string     folded text, at most 64 bytes, 00
//   reference  01 hash8 ("Type/id") | 02 hash16 (another server's URL)
//              | 03 hash16 (canonical URL) version6
//   uri        text of at most 120 bytes 00 | 103 bytes 01 hash16
//   quantity   01 number8 system6 code6 unit6 (as written)
//              | 02 unit6 number8 (in UCUM base units) | 03 low8 high8 system6 code6 unit6 (Range)
//   composite  the values of its components, one after another
// system6, code6, unit6 and version6 are the first 6 bytes of a hash, zeros for none.
namespace strata::fhir::index {

inline constexpr std::size_t kMaxTokenBytes = 32;
inline constexpr std::size_t kMaxStringBytes = 64;
inline constexpr std::size_t kMaxUriBytes = 120;
inline constexpr std::size_t kShortHashBytes = 6;

// 6 bytes; zeros for an empty text.
void AppendShortHash(std::string_view text, std::string* out);

void AppendToken(std::string_view system, std::string_view code, std::string* out);
// The common beginning of a code in every system.
void AppendTokenCode(std::string_view code, std::string* out);

// `folded`: from FoldText. AppendStringStart leaves out the end: the beginning of all texts that
// start so; longer than kMaxStringBytes it is cut, and matches must be looked at again.
void AppendString(std::string_view folded, std::string* out);
void AppendStringStart(std::string_view folded, std::string* out);

void AppendLocalReference(std::string_view type, std::string_view id, std::string* out);
void AppendLocalReference(std::uint64_t hash, std::string* out);
// How all of them begin that are not local and no canonicals.
inline constexpr std::string_view kAbsoluteReferences = "\x02";
void AppendAbsoluteReference(std::string_view url, std::string* out);
// A canonical's URL and business version; Start is the common beginning of all its versions.
void AppendCanonical(std::string_view url, std::string_view version, std::string* out);
void AppendCanonicalStart(std::string_view url, std::string* out);

void AppendUri(std::string_view uri, std::string* out);
// The beginning of all URIs that start so, cut like a string.
void AppendUriStart(std::string_view uri, std::string* out);

enum class QuantityForm : char { kAsWritten = 1, kCanonical = 2, kRange = 3 };

struct QuantityUnit {
  std::string_view system;
  std::string_view code;
  std::string_view unit;  // for people
};
void AppendQuantity(double value, const QuantityUnit& unit, std::string* out);
void AppendQuantityRange(double low, double high, const QuantityUnit& unit, std::string* out);
void AppendCanonicalQuantity(double value, std::string_view base_units, std::string* out);

// A quantity taken from the front of `*bytes`.
struct StoredQuantity {
  QuantityForm form = QuantityForm::kAsWritten;
  double low = 0;
  double high = 0;          // as low, but for kRange
  std::string_view system;  // hashes
  std::string_view code;    // kCanonical: of the base units
  std::string_view unit;
};
std::optional<StoredQuantity> TakeQuantity(std::string_view* bytes);

// Taking other values from the front of `*bytes`, for composites: the whole value's bytes.
std::optional<std::string_view> TakeToken(std::string_view* bytes);
std::optional<std::string_view> TakeString(std::string_view* bytes);
std::optional<std::string_view> TakeReference(std::string_view* bytes);
std::optional<std::string_view> TakeUri(std::string_view* bytes);

// The last 6 bytes of a token.
std::string_view SystemOfToken(std::string_view token);

}  // namespace strata::fhir::index
