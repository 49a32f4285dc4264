#include "plugins/data_fhir/search/composite_order.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/path.h"
#include "plugins/data_fhir/index/program.h"
#include "plugins/data_fhir/model/custom_parameters.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using layout::TypeNumber;

struct Pair {
  ParameterNumber first = 0;
  ParameterNumber second = 0;
  ParameterNumber composite = 0;
};
using ByType = std::array<std::vector<Pair>, 256>;

// Whether the component finds whatever the parameter itself finds on the type.
bool FindsAll(const model::SearchComponent& component, const model::SearchParameter& parameter,
              const model::Type& type) {
  const auto wanted = index::CompilePaths(parameter.expression, type);
  const auto found = index::CompilePaths(component.expression, type);
  if (!wanted.ok() || !found.ok()) return false;
  return std::all_of(wanted->begin(), wanted->end(), [&](const index::Path& path) {
    if (index::ConversionFor(path, parameter.type, 1).data == index::DataType::kNone) return true;
    return std::any_of(found->begin(), found->end(), [&](const index::Path& other) {
      return other.steps == path.steps && other.from_resource == path.from_resource;
    });
  });
}

// The parameter of the type that a component stands for; 0 when it finds less than that.
ParameterNumber StandsFor(const model::SearchComponent& component, const model::Type& type) {
  const model::SearchParameter* named = model::R4Search().FindByUrl(component.definition);
  if (named == nullptr) return 0;
  const model::SearchParameter* own = model::R4Search().Find(type.name(), named->code);
  return own == named && FindsAll(component, *own, type) ? index::NumberOf(*own) : 0;
}

// Of one element of several the values belong together; of the resource all do.
std::optional<Pair> PairOf(const model::SearchParameter& composite, const model::Type& type) {
  if (composite.type != model::SearchType::kComposite || composite.components.size() != 2 ||
      composite.expression != type.name()) {
    return std::nullopt;
  }
  const Pair pair{StandsFor(composite.components[0], type),
                  StandsFor(composite.components[1], type), index::NumberOf(composite)};
  return pair.first != 0 && pair.second != 0 ? std::optional<Pair>(pair) : std::nullopt;
}

ByType Pairs() {
  ByType all;
  for (std::size_t i = 1; i <= layout::TypeCount(); ++i) {
    const std::string_view name = layout::TypeNameOf(static_cast<TypeNumber>(i));
    const model::Type* type = model::R4().FindResource(name);
    if (type == nullptr) continue;
    for (const model::SearchParameter* p : model::R4Search().ForType(name)) {
      if (const auto pair = PairOf(*p, *type)) all[i].push_back(*pair);
    }
  }
  return all;
}

// Of the store's own parameters.
ParameterNumber OwnComposite(const layout::View& view, TypeNumber type, ParameterNumber first,
                             ParameterNumber second) {
  const model::CustomParameters* own = view.custom_parameters();
  const model::Type* found = model::R4().FindResource(layout::TypeNameOf(type));
  if (own == nullptr || found == nullptr) return 0;
  // A page of a search that began before: the rows of a composite may be younger.
  if (own->since() > view.as_of()) return 0;
  for (const model::CustomParameter* parameter : own->ForType(found->name())) {
    if (!parameter->active) continue;
    const auto pair = PairOf(parameter->definition, *found);
    if (pair && pair->first == first && pair->second == second) return pair->composite;
  }
  return 0;
}

}  // namespace

CompositeRows CompositeOf(const layout::View& view, TypeNumber type, ParameterNumber first,
                          ParameterNumber second) {
  static const ByType all = Pairs();
  for (const Pair& pair : all[type]) {
    if (pair.first == first && pair.second == second) return {pair.composite, /*is_pair=*/false};
  }
  const ParameterNumber derived =
      view.has_derived() ? index::PairNumber(type, first, second) : ParameterNumber{0};
  if (derived != 0) return {derived, /*is_pair=*/true};
  return {OwnComposite(view, type, first, second), /*is_pair=*/false};
}

}  // namespace strata::fhir::search
