#include "plugins/data_fhir/patch/target.h"

#include "plugins/data_fhir/patch/patch.h"

namespace strata::fhir::patch {
namespace {

using model::Type;

bool IsWithin(json::Value inner, json::Value outer) {
  return inner.begin_offset() >= outer.begin_offset() && inner.end_offset() <= outer.end_offset();
}

const Type* ElementType() {
  static const Type* const type = model::R4().Find("Element");
  return type;
}

// A resource says its type itself.
const Type* ActualType(const Type* declared, json::Value value) {
  if (declared == nullptr || !declared->is_resource()) return declared;
  const Type* const actual = model::R4().FindResource(value["resourceType"].string());
  return actual == nullptr ? declared : actual;
}

// Walks from the root to a value, noting the way.
class Walk {
 public:
  Walk(json::Value root, json::Value wanted) : at_(root), wanted_(wanted) {
    target_.type = model::R4().FindResource(root["resourceType"].string());
  }

  Result<Target> Run() {
    while (at_ != wanted_) {
      if (!Descend()) return Inapplicable("the path finds no element of this resource");
    }
    return std::move(target_);
  }

 private:
  bool Descend() {
    for (const json::Member& member : at_.members()) {
      if (!IsWithin(wanted_, member.value)) continue;
      Enter(member);
      return member.value == wanted_ || !member.value.is_array() || EnterList(member.value);
    }
    return false;
  }

  void Enter(const json::Member& member) {
    if (!target_.is_root()) {
      target_.owner.push_back({written_, 0});
      if (target_.index) target_.owner.push_back({{}, *target_.index});
    }
    written_ = member.name;
    std::string_view name = member.name;
    const bool sibling = name.starts_with('_');
    if (sibling) name.remove_prefix(1);
    target_.member = name;
    target_.index.reset();
    target_.owner_type = target_.type;
    const auto found = target_.type == nullptr ? std::nullopt : target_.type->FindJson(name);
    target_.element = found ? found->element : nullptr;
    const Type* const type = found ? found->type : nullptr;
    // What stands in the sibling of a primitive is what every element has.
    at_ = member.value;
    target_.type = sibling ? ElementType() : ActualType(type, at_);
  }

  bool EnterList(json::Value list) {
    std::size_t index = 0;
    for (const json::Value element : list.elements()) {
      if (IsWithin(wanted_, element)) {
        target_.index = index;
        at_ = element;
        target_.type = ActualType(target_.type, element);
        return true;
      }
      ++index;
    }
    return false;
  }

  json::Value at_;
  const json::Value wanted_;
  std::string written_;  // name of the member that the walk is in
  Target target_;
};

}  // namespace

std::vector<std::string> Target::Place() const {
  std::vector<std::string> place;
  if (index) return place;
  for (const Step& step : owner) {
    if (step.name.empty()) return {};
    place.push_back(step.name);
  }
  place.push_back(member);
  return place;
}

Result<Target> Locate(json::Value resource, const fhirpath::Item& item) {
  if (!item.is_element()) return Inapplicable("the path computes a value instead of finding one");
  const fhirpath::ElementRef& element = item.element();
  const json::Value anchor = element.value ? element.value : element.sibling;
  if (!anchor || anchor.document_text().data() != resource.document_text().data()) {
    return Inapplicable("the path leads out of the resource");
  }
  STRATA_ASSIGN_OR_RETURN(Target target, Walk(resource, anchor).Run());
  target.type = element.type;
  return target;
}

Draft& OwnerOf(const Target& target, Draft& root) {
  Draft* at = &root;
  for (const Target::Step& step : target.owner) {
    at = step.name.empty() ? at->At(step.index) : at->Find(step.name);
  }
  return *at;
}

}  // namespace strata::fhir::patch
