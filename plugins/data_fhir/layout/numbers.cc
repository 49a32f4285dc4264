#include "plugins/data_fhir/layout/numbers.h"

#include <algorithm>
#include <array>

namespace strata::fhir::layout {
namespace {

struct Numbered {
  std::uint16_t number;
  std::string_view name;
};

constexpr auto kTypes = std::to_array<Numbered>({
#include "plugins/data_fhir/layout/type_numbers.inc"
});

constexpr auto kParameters = std::to_array<Numbered>({
#include "plugins/data_fhir/layout/parameter_numbers.inc"
});

template <std::size_t kSize>
constexpr bool IsDense(const std::array<Numbered, kSize>& table) {
  for (std::size_t i = 0; i < kSize; ++i) {
    if (table[i].number != i + 1) return false;
  }
  return true;
}
static_assert(IsDense(kTypes) && kTypes.size() < 256);
static_assert(IsDense(kParameters) && kParameters.size() < kCompanion);

template <std::size_t kSize>
constexpr std::array<Numbered, kSize> ByName(std::array<Numbered, kSize> table) {
  std::sort(table.begin(), table.end(),
            [](const Numbered& a, const Numbered& b) { return a.name < b.name; });
  return table;
}
constexpr auto kTypesByName = ByName(kTypes);
constexpr auto kParametersByName = ByName(kParameters);

template <std::size_t kSize>
std::uint16_t Find(const std::array<Numbered, kSize>& sorted, std::string_view name) {
  const auto at =
      std::lower_bound(sorted.begin(), sorted.end(), name,
                       [](const Numbered& a, std::string_view b) { return a.name < b; });
  return at != sorted.end() && at->name == name ? at->number : std::uint16_t{0};
}

template <std::size_t kSize>
std::string_view NameOf(const std::array<Numbered, kSize>& table, std::size_t number) {
  return number - 1 < kSize ? table[number - 1].name : std::string_view();
}

}  // namespace

TypeNumber TypeNumberOf(std::string_view name) {
  return static_cast<TypeNumber>(Find(kTypesByName, name));
}
std::string_view TypeNameOf(TypeNumber number) { return NameOf(kTypes, number); }
std::size_t TypeCount() { return kTypes.size(); }

ParameterNumber ParameterNumberOf(std::string_view code) { return Find(kParametersByName, code); }
std::string_view ParameterCodeOf(ParameterNumber number) {
  if ((number & kCustom) != 0) return {};
  return NameOf(kParameters, number & (kCompanion - 1));
}
std::size_t ParameterCount() { return kParameters.size(); }

}  // namespace strata::fhir::layout
