#include "plugins/data_fhir/layout/view.h"

#include <algorithm>
#include <vector>

#include "plugins/data_fhir/layout/index_row.h"

namespace strata::fhir::layout {

Status ScanIndex(View& view, std::string_view begin, std::string_view end, bool reverse,
                 const std::function<bool(const IndexKeyParts&)>& callback) {
  Status broken;
  std::vector<ResourceNumber> members;
  const auto each = [&](const StoredRow& row) {
    IndexKeyParts parts;
    members.clear();
    if (!ParseIndexKey(row.key, &parts) ||
        !AppendAlive(parts.n, row.version, row.value, view.as_of(), &members)) {
      broken = DataLoss("an index row cannot be read");
      return false;
    }
    if (reverse) std::reverse(members.begin(), members.end());
    return std::all_of(members.begin(), members.end(), [&](ResourceNumber n) {
      parts.n = n;
      return callback(parts);
    });
  };
  STRATA_RETURN_IF_ERROR(view.Scan(begin, end, {.reverse = reverse}, each));
  return broken;
}

}  // namespace strata::fhir::layout
