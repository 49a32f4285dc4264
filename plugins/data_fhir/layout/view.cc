#include "plugins/data_fhir/layout/view.h"

#include "plugins/data_fhir/layout/lifetime.h"

namespace strata::fhir::layout {

Status ScanIndex(View& view, std::string_view begin, std::string_view end, bool reverse,
                 const std::function<bool(const IndexKeyParts&)>& callback) {
  Status broken;
  const auto each = [&](const StoredRow& row) {
    if (!AliveAt(row.version, row.value, view.as_of())) return true;
    IndexKeyParts parts;
    if (!ParseIndexKey(row.key, &parts)) {
      broken = DataLoss("an index row has an unreadable key");
      return false;
    }
    return callback(parts);
  };
  STRATA_RETURN_IF_ERROR(view.Scan(begin, end, {.reverse = reverse}, each));
  return broken;
}

}  // namespace strata::fhir::layout
