#include "plugins/data_fhir/store/index_rows.h"

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"

namespace strata::fhir::store {

Result<IndexRow> FindIndexRow(const Hosting& hosting, const Context& cx, const std::string& prefix,
                              layout::ResourceNumber n) {
  IndexRow found;
  const std::string begin = layout::WithNumber(prefix, n);
  // The first row from there on that is one of this value.
  const auto visit = [&](std::string_view key, std::uint64_t version, std::string_view value) {
    if (key.size() != begin.size()) return true;
    const layout::ResourceNumber last =
        layout::ReadBigEndian(key.substr(prefix.size()), layout::kResourceNumberBytes);
    if (layout::FirstOf(last, value) > n) return false;
    found = {std::string(key), last, version, std::string(value)};
    return false;
  };
  // An empty value does not end itself: its rows are looked up as they are (index_row.h).
  const bool alone = prefix.size() == layout::kIndexHeadBytes;
  const std::string end = layout::PrefixEnd(prefix);
  STRATA_RETURN_IF_ERROR(hosting.Scan(cx, {begin, end, false, false, alone ? 1U : 0U}, visit));
  return found;
}

}  // namespace strata::fhir::store
