#include "plugins/data_fhir/index/id_order.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace strata::fhir::index {
namespace {

constexpr unsigned kGroupBits = 5;
// Groups of a character; the second one where there are more characters than groups.
constexpr unsigned kDigits = 3;
constexpr unsigned kCapitals = 13;
constexpr unsigned kHexLetters = 14;
constexpr unsigned kOtherLetters = 20;

// How a UUID begins: eight hexadecimal digits, '-', four of them, '-'.
constexpr std::size_t kFirstDash = 8;
constexpr std::size_t kSecondDash = 13;

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool BeginsAsUuid(std::string_view id) {
  return id.size() > kSecondDash && id[kFirstDash] == '-' && id[kSecondDash] == '-' &&
         std::all_of(id.begin(), id.begin() + kFirstDash, IsHex) &&
         std::all_of(id.begin() + kFirstDash + 1, id.begin() + kSecondDash, IsHex);
}

// Bits behind each other, the highest one first.
class BitWriter {
 public:
  void Group(unsigned value) {
    bits_ = bits_ << kGroupBits | value;
    for (waiting_ += kGroupBits; waiting_ >= 8; waiting_ -= 8) {
      out_.push_back(static_cast<char>(bits_ >> (waiting_ - 8) & 0xff));
    }
  }
  std::string Finish() {
    if (waiting_ > 0) out_.push_back(static_cast<char>(bits_ << (8 - waiting_) & 0xff));
    return std::move(out_);
  }

 private:
  std::string out_;
  std::uint32_t bits_ = 0;
  unsigned waiting_ = 0;
};

void AppendCharacter(char c, BitWriter* out) {
  if (c >= '0' && c <= '9') return out->Group(kDigits + static_cast<unsigned>(c - '0'));
  if (c >= 'a' && c <= 'f') return out->Group(kHexLetters + static_cast<unsigned>(c - 'a'));
  if (c < '0') return out->Group(c == '-' ? 1 : 2);
  const bool capital = c <= 'Z';
  out->Group(capital ? kCapitals : kOtherLetters);
  out->Group(static_cast<unsigned>(c - (capital ? 'A' : 'g')) & 31U);
}

}  // namespace

std::string IdOrder(std::string_view id) {
  if (BeginsAsUuid(id)) id = id.substr(0, kSecondDash);
  BitWriter out;
  for (const char c : id) AppendCharacter(c, &out);
  out.Group(0);
  return out.Finish();
}

}  // namespace strata::fhir::index
