#include "plugins/data_fhir/index/kept_values.h"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/path.h"
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

// The element that the path ends at; nullptr when there may be several on the way.
const model::Element* OnlyElement(const Path& path, const model::Type& resource) {
  const model::Type* type = &resource;
  const model::Element* element = nullptr;
  for (const Step& step : path.steps) {
    if (step.kind != Step::Kind::kMember) return nullptr;
    const auto member = type->FindJson(step.name);
    if (!member || member->element->repeats()) return nullptr;
    element = member->element;
    type = member->type;
  }
  return element;
}

// Whether all paths are to the same element, which does not repeat.
bool IsOneElement(const model::SearchParameter& parameter, std::string_view type_name) {
  const model::Type* type = model::R4().FindResource(type_name);
  if (type == nullptr) return false;
  const auto paths = CompilePaths(parameter.expression, *type);
  if (!paths.ok() || paths->empty()) return false;
  const model::Element* first = OnlyElement(paths->front(), *type);
  return first != nullptr && std::all_of(paths->begin(), paths->end(), [&](const Path& path) {
           return OnlyElement(path, *type) == first;
         });
}

struct DateParameter {
  ParameterNumber number = 0;
  bool one_value = false;
};
using ByType = std::array<std::vector<DateParameter>, 256>;

ByType DateParameters() {
  ByType all;
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const std::string_view name = layout::TypeNameOf(static_cast<TypeNumber>(type));
    for (const model::SearchParameter* p : model::R4Search().ForType(name)) {
      if (p->type != model::SearchType::kDate) continue;
      all[type].push_back({layout::ParameterNumberOf(p->code), IsOneElement(*p, name)});
    }
  }
  return all;
}

const DateParameter* Find(TypeNumber type, ParameterNumber parameter) {
  static const ByType all = DateParameters();
  const auto at = std::find_if(all[type].begin(), all[type].end(),
                               [&](const DateParameter& p) { return p.number == parameter; });
  return at == all[type].end() ? nullptr : &*at;
}

}  // namespace

bool IsKept(TypeNumber type, ParameterNumber parameter) { return Find(type, parameter) != nullptr; }

bool HasOneValue(TypeNumber type, ParameterNumber parameter) {
  const DateParameter* found = Find(type, parameter);
  return found != nullptr && found->one_value;
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
