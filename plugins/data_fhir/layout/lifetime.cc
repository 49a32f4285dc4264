#include "plugins/data_fhir/layout/lifetime.h"

#include <algorithm>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::layout {
namespace {

// Numbers in the value; a varint ends with the only byte below 0x80.
std::size_t Count(std::string_view value) {
  return static_cast<std::size_t>(
      std::count_if(value.begin(), value.end(), [](char c) { return (c & 0x80) == 0; }));
}

Result<std::string> Continued(std::uint64_t row_version, std::string_view value, bool alive) {
  if (IsAlive(value) != alive) return DataLoss("an index row is not in the state it should be in");
  std::string out(value);
  AppendVarint(row_version, &out);
  return out;
}

}  // namespace

bool IsAlive(std::string_view value) { return Count(value) % 2 == 0; }

bool AliveAt(std::uint64_t row_version, std::string_view value, std::uint64_t at) {
  bool alive = false;  // between two numbers
  std::uint64_t number = 0;
  while (!value.empty()) {
    if (!TakeVarint(&value, &number)) return false;
    if (at < number) return alive;
    alive = !alive;
  }
  return at < row_version ? alive : !alive;
}

Result<std::string> Ended(std::uint64_t row_version, std::string_view value) {
  return Continued(row_version, value, /*alive=*/true);
}

Result<std::string> Revived(std::uint64_t row_version, std::string_view value) {
  return Continued(row_version, value, /*alive=*/false);
}

}  // namespace strata::fhir::layout
