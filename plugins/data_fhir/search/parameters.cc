#include "plugins/data_fhir/search/parameters.h"

#include <algorithm>
#include <set>

#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

// Calls back with each path of "Account.subject | Basic.subject.where(resolve() is Patient)".
template <typename F>
void ForEachPath(std::string_view expression, F&& f) {
  constexpr std::string_view kUnion = " | ";
  while (!expression.empty()) {
    const std::size_t end = std::min(expression.find(kUnion), expression.size());
    f(expression.substr(0, end));
    expression.remove_prefix(std::min(end + kUnion.size(), expression.size()));
  }
}

// Whether what a path finds may refer to a type. Only what is plain to see is taken as a no.
bool LeadsTo(std::string_view path, std::string_view target) {
  constexpr std::string_view kIs = ".where(resolve() is ";
  if (const std::size_t at = path.find(kIs); at != std::string_view::npos) {
    std::string_view is = path.substr(at + kIs.size());
    if (!is.ends_with(')')) return true;
    is.remove_suffix(1);
    return is == target || layout::TypeNumberOf(is) == 0;
  }
  const std::size_t dot = path.find('.');
  const model::Type* const type = model::R4().Find(path.substr(0, dot));
  const model::Element* const element =
      type == nullptr ? nullptr : type->Find(path.substr(dot + 1));
  if (element == nullptr) return true;
  return std::any_of(element->types.begin(), element->types.end(), [&](const model::TypeRef& t) {
    const auto targets = SplitEscaped(t.targets, ',');
    return t.targets.empty() || targets.front() == "Resource" ||
           std::find(targets.begin(), targets.end(), target) != targets.end();
  });
}

}  // namespace

const model::CustomParameter* FindCustom(const layout::View& view, std::string_view type,
                                         std::string_view code) {
  const model::CustomParameters* const custom = view.custom_parameters();
  return custom == nullptr ? nullptr : custom->Find(type, code);
}

const model::SearchParameter* FindReady(const layout::View& view, std::string_view type,
                                        std::string_view code) {
  if (const auto* definition = model::R4Search().Find(type, code)) return definition;
  const model::CustomParameter* const custom = FindCustom(view, type, code);
  return custom != nullptr && custom->active ? &custom->definition : nullptr;
}

std::vector<const model::SearchParameter*> ReferencesOf(const layout::View& view,
                                                        std::string_view type) {
  std::vector<const model::SearchParameter*> found = model::R4Search().ForType(type);
  if (const model::CustomParameters* const custom = view.custom_parameters()) {
    for (const model::CustomParameter* parameter : custom->ForType(type)) {
      if (parameter->active) found.push_back(&parameter->definition);
    }
  }
  std::erase_if(found, [](const auto* p) { return p->type != model::SearchType::kReference; });
  return found;
}

bool MayReferTo(const model::SearchParameter& reference, std::string_view type) {
  const bool custom = reference.number != 0;
  if (custom && reference.targets.empty()) return true;
  const auto targets = SplitEscaped(reference.targets, ',');
  return std::find(targets.begin(), targets.end(), type) != targets.end();
}

std::vector<std::string_view> TargetsOf(const model::SearchParameter& reference,
                                        std::string_view type) {
  if (reference.targets.empty()) return {};
  const std::vector<std::string_view> targets = SplitEscaped(reference.targets, ',');
  if (targets.size() == 1) return targets;
  std::set<std::string_view> reached;
  bool is_plain = true;
  ForEachPath(reference.expression, [&](std::string_view path) {
    const std::string_view base = path.substr(0, path.find('.'));
    if (base != type) {
      is_plain = is_plain && layout::TypeNumberOf(base) != 0;  // It is about another type.
      return;
    }
    for (const std::string_view target : targets) {
      if (LeadsTo(path, target)) reached.insert(target);
    }
  });
  if (!is_plain || reached.empty()) return targets;
  return {reached.begin(), reached.end()};
}

}  // namespace strata::fhir::search
