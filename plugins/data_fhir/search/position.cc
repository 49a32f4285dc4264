#include "plugins/data_fhir/search/position.h"

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/issues.h"

namespace strata::fhir::search {
namespace {

constexpr char kForwards = 'F';
constexpr char kBackwards = 'B';

Status NoPosition() {
  return SearchFault(Code::kInvalidArgument, "invalid", "the page token is not of this server");
}

}  // namespace

std::string EncodePosition(const Position& position) {
  std::string out(1, position.number.backwards ? kBackwards : kForwards);
  layout::AppendVarint(position.as_of, &out);
  layout::AppendVarint(position.number.after, &out);
  for (const std::string& key : position.keys) {
    layout::AppendVarint(key.size(), &out);
    out.append(key);
  }
  return out;
}

Result<Position> DecodePosition(std::string_view bytes) {
  Position position;
  if (!bytes.starts_with(kForwards) && !bytes.starts_with(kBackwards)) return NoPosition();
  position.number.backwards = bytes.front() == kBackwards;
  bytes.remove_prefix(1);
  if (!layout::TakeVarint(&bytes, &position.as_of) ||
      !layout::TakeVarint(&bytes, &position.number.after) ||
      position.number.after > layout::kMaxResourceNumber) {
    return NoPosition();
  }
  while (!bytes.empty()) {
    std::uint64_t size = 0;
    if (!layout::TakeVarint(&bytes, &size) || size > bytes.size()) return NoPosition();
    position.keys.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return position;
}

}  // namespace strata::fhir::search
