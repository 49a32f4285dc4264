#include "plugins/data_fhir/index/kept_values.h"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::index {
namespace {

using layout::ParameterNumber;
using layout::TypeNumber;

constexpr std::size_t kMaxKeptBytes = 160;
// What meta.lastUpdated is shown with.
constexpr std::int64_t kMillisecond = 1000;

ParameterNumber LastUpdated() {
  static const ParameterNumber number = layout::ParameterNumberOf("_lastUpdated");
  return number;
}

using ByType = std::array<std::vector<ParameterNumber>, 256>;

ByType DateParameters() {
  ByType all;
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const auto number = static_cast<TypeNumber>(type);
    for (const model::SearchParameter* p : model::R4Search().ForType(layout::TypeNameOf(number))) {
      if (p->type != model::SearchType::kDate) continue;
      all[type].push_back(layout::ParameterNumberOf(p->code));
    }
    std::sort(all[type].begin(), all[type].end());
  }
  return all;
}

}  // namespace

bool IsKept(TypeNumber type, ParameterNumber parameter) {
  static const ByType all = DateParameters();
  return std::binary_search(all[type].begin(), all[type].end(), parameter);
}

std::optional<std::string> KeptOf(TypeNumber type, const EntryList& entries) {
  std::string kept;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const EntryList::Entry entry = entries[i];
    if (entry.parameter == LastUpdated() || !IsKept(type, entry.parameter)) continue;
    layout::AppendVarint(entry.parameter, &kept);
    layout::AppendVarint(entry.value.size(), &kept);
    kept.append(entry.value);
    if (kept.size() > kMaxKeptBytes) return std::nullopt;
  }
  return kept;
}

bool VisitKept(const layout::RowHeader& header, ParameterNumber parameter,
               const std::function<void(std::string_view value)>& visit) {
  if (parameter == LastUpdated()) {
    std::string value;
    const std::int64_t shown = header.last_updated_us / kMillisecond * kMillisecond;
    AppendDate({shown, shown + kMillisecond}, &value);
    visit(value);
    return true;
  }
  if (!header.kept || !IsKept(header.type, parameter)) return false;
  std::string_view rest = *header.kept;
  while (!rest.empty()) {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    if (!layout::TakeVarint(&rest, &number) || !layout::TakeVarint(&rest, &size) ||
        size > rest.size()) {
      return false;
    }
    if (number == parameter) visit(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return true;
}

}  // namespace strata::fhir::index
