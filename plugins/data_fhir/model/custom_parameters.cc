#include "plugins/data_fhir/model/custom_parameters.h"

#include <algorithm>

namespace strata::fhir::model {
namespace {

bool BaseCovers(std::string_view base, std::string_view type) {
  if (base == type || base == "Resource") return true;
  if (base != "DomainResource") return false;
  const Type* const resource = R4().FindResource(type);
  const Type* const domain = R4().Find("DomainResource");
  return resource != nullptr && domain != nullptr && resource->Is(*domain);
}

}  // namespace

void CustomParameter::Bind(SearchType type, std::uint16_t number) {
  definition.code = code;
  definition.type = type;
  definition.bases = bases;
  definition.full_url = url;
  definition.expression = expression;
  definition.targets = targets;
  definition.number = number;
  definition.components.clear();
  for (const auto& [name, part] : components) definition.components.push_back({name, part});
}

bool CustomParameter::AppliesTo(std::string_view type) const {
  std::string_view rest = bases;
  while (!rest.empty()) {
    const std::string_view base = rest.substr(0, rest.find(','));
    if (BaseCovers(base, type)) return true;
    rest.remove_prefix(std::min(base.size() + 1, rest.size()));
  }
  return false;
}

bool CustomParameter::MeansTheSame(const CustomParameter& other) const {
  return code == other.code && bases == other.bases && expression == other.expression &&
         targets == other.targets && components == other.components &&
         definition.type == other.definition.type;
}

std::string CustomParameter::NotReady() const {
  std::string text = "search parameter '" + code + "' is being indexed";
  if (progress == nullptr) return text + "; $reindex-status tells how far it is";
  const std::uint32_t permille = progress->permille.load();
  text.append(": ").append(std::to_string(permille / 10)).append(" % done");
  const std::int64_t left = progress->seconds_left.load();
  if (left >= 0) text.append(", about ").append(std::to_string(left)).append(" s left");
  return text + "; $reindex-status tells how far it is";
}

const CustomParameter* CustomParameters::Find(std::string_view type, std::string_view code) const {
  for (const auto& parameter : all_) {
    if (parameter->code == code && parameter->AppliesTo(type)) return parameter.get();
  }
  return nullptr;
}

std::vector<const CustomParameter*> CustomParameters::ForType(std::string_view type) const {
  std::vector<const CustomParameter*> found;
  for (const auto& parameter : all_) {
    if (parameter->AppliesTo(type)) found.push_back(parameter.get());
  }
  return found;
}

std::optional<SearchType> SearchTypeNamed(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(SearchType::kSpecial); ++i) {
    if (SearchTypeName(static_cast<SearchType>(i)) == name) return static_cast<SearchType>(i);
  }
  return std::nullopt;
}

}  // namespace strata::fhir::model
