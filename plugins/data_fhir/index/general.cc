#include "plugins/data_fhir/index/general.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/fold.h"

namespace strata::fhir::index {
namespace {

// Values the engine computed, which are no elements: a token or a string.
void AddComputed(const Conversion& conversion, const fhirpath::Item& item, EntryList* out) {
  const std::optional<std::string> text = fhirpath::ToText(item);
  std::string bytes;
  if (text && conversion.search == model::SearchType::kToken) AppendToken({}, *text, &bytes);
  if (text && conversion.search == model::SearchType::kString) {
    AppendString(FoldText(*text), &bytes);
  }
  out->Add(conversion.parameter, bytes);
}

}  // namespace

Status GeneralRules::Add(const model::SearchParameter& parameter, layout::ParameterNumber number) {
  if (parameter.type == model::SearchType::kComposite) {
    return Unimplemented("composites are paths");
  }
  STRATA_ASSIGN_OR_RETURN(auto expression, fhirpath::Expression::Compile(parameter.expression));
  rules_.push_back({std::move(expression), parameter.type, number});
  return {};
}

template <typename Take>
void GeneralRules::Evaluate(json::Value resource, std::span<const layout::ParameterNumber> only,
                            const Take& take) const {
  if (rules_.empty()) return;
  fhirpath::Evaluator evaluator;
  const fhirpath::Item root = fhirpath::Item::Resource(resource);
  for (const Rule& rule : rules_) {
    if (!only.empty() && !std::binary_search(only.begin(), only.end(), rule.number)) continue;
    const auto items = evaluator.Evaluate(rule.expression, root);
    if (!items.ok()) continue;
    for (const fhirpath::Item& item : *items) {
      Conversion conversion;
      conversion.parameter = rule.number;
      conversion.search = rule.search;
      if (const model::Type* type = item.fhir_type()) {
        conversion.data = DataTypeOf(rule.search, *type);
        if (conversion.data == DataType::kNone) continue;
      }
      take(conversion, item);
    }
  }
}

void GeneralRules::Run(json::Value resource, std::span<const layout::ParameterNumber> only,
                       EntryList* out) const {
  Evaluate(resource, only, [&](const Conversion& conversion, const fhirpath::Item& item) {
    if (!item.is_element()) return AddComputed(conversion, item, out);
    Convert(conversion, item.element().value, out);
  });
}

void GeneralRules::Visit(json::Value resource, std::span<const layout::ParameterNumber> only,
                         const Program::Visitor& visit) const {
  Evaluate(resource, only, [&](const Conversion& conversion, const fhirpath::Item& item) {
    if (item.is_element()) visit(conversion, item.element().value);
  });
}

}  // namespace strata::fhir::index
