// Types, tree navigation and the functions of FHIR (FHIRPath #types, #tree-navigation; R4
// fhirpath.html#functions).

#include <algorithm>

#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/fhirpath/text.h"

namespace strata::fhirpath {
namespace {

using fhir::model::R4;
using fhir::model::Type;

constexpr std::string_view kDefinitionPrefix = "http://hl7.org/fhir/StructureDefinition/";

bool TypeCall(const Call& call) {
  for (const Item& item : call.input) {
    if (!call.Push(Item(item.type_name()))) return false;
  }
  return true;
}

bool Is(const Call& call) { return TestType(call.machine, call.node, call.input, call.out); }

bool As(const Call& call) {
  if (call.input.size() > 1) return call.Fail("called on more than one item");
  return CastType(call.machine, call.node, call.input, call.out);
}

bool Children(const Call& call) {
  for (const Item& item : call.input) {
    if (!call.machine.AppendChildren(item, nullptr, call.node.position, call.out)) return false;
  }
  return call.machine.Spend(call.node, call.out.size());
}

// Depth first, each item before its children.
bool AppendDescendants(const Call& call, const Item& item) {
  Machine::Scratch children(call.machine);
  if (!call.machine.AppendChildren(item, nullptr, call.node.position, *children)) return false;
  for (const Item& child : *children) {
    if (!call.Push(child) || !AppendDescendants(call, child)) return false;
  }
  return true;
}

bool Descendants(const Call& call) {
  for (const Item& item : call.input) {
    if (!AppendDescendants(call, item)) return false;
  }
  return true;
}

bool AppendExtensions(const Call& call, std::string_view url, Items& out) {
  static const Step kExtension{"extension", "_extension"};
  for (const Item& item : call.input) {
    Machine::Scratch all(call.machine);
    if (!call.machine.AppendChildren(item, &kExtension, call.node.position, *all)) return false;
    for (const Item& extension : *all) {
      if (extension.element().value["url"].string() == url) out.push_back(extension);
    }
  }
  return call.machine.Spend(call.node, out.size());
}

bool Extension(const Call& call) {
  std::optional<std::string_view> url;
  if (!call.Text(0, url)) return false;
  return !url || AppendExtensions(call, *url, call.out);
}

bool HasExtension(const Call& call) {
  Machine::Scratch found(call.machine);
  std::optional<std::string_view> url;
  if (!call.Text(0, url) || (url && !AppendExtensions(call, *url, *found))) return false;
  return call.Push(Item(!found->empty()));
}

bool HasPrimitiveValue(const Item& item) {
  if (!item.is_element()) return item.kind() != ItemKind::kTypeName;
  const json::Value value = item.element().value;
  return value && !value.is_object() && !value.is_array();
}

bool HasValue(const Call& call) {
  return call.Push(Item(call.input.size() == 1 && HasPrimitiveValue(call.input.front())));
}

bool GetValue(const Call& call) {
  const bool has = call.input.size() == 1 && HasPrimitiveValue(call.input.front());
  return !has || call.Push(ToSystem(call.input.front()));
}

// The text of a Reference, or of a uri, canonical or string.
std::string_view ReferenceText(const Item& item) {
  const Item system = ToSystem(item);
  if (const auto* text = system.As<std::string_view>()) return *text;
  return item.is_element() ? item.element().value["reference"].string() : std::string_view();
}

// The type in ".../Patient/1" or ".../Patient/1/_history/2".
const Type* TypeInReference(std::string_view reference) {
  reference = reference.substr(0, reference.find_first_of("?#|"));
  const std::size_t history = reference.find("/_history/");
  reference = reference.substr(0, history);
  const std::size_t id = reference.rfind('/');
  if (id == std::string_view::npos) return nullptr;
  reference = reference.substr(0, id);
  const std::size_t type = reference.rfind('/');
  return R4().FindResource(type == std::string_view::npos ? reference : reference.substr(type + 1));
}

std::optional<Item> FindContained(const Item& resource, std::string_view id) {
  if (!resource.is_element()) return std::nullopt;
  for (json::Value contained : resource.element().value["contained"].elements()) {
    if (contained["id"].string() == id) return Item::Resource(contained);
  }
  return std::nullopt;
}

std::optional<Item> ResolveOne(const Call& call, const Item& item) {
  const std::string_view reference = ReferenceText(item);
  if (reference.starts_with('#')) {
    return reference == "#" ? std::optional(call.machine.resource())
                            : FindContained(call.machine.resource(), reference.substr(1));
  }
  if (call.machine.hooks().resolve && !reference.empty()) {
    if (auto found = call.machine.hooks().resolve(reference)) return found;
  }
  const Type* type = TypeInReference(reference);
  if (type == nullptr && item.is_element()) {
    type = R4().FindResource(item.element().value["type"].string());
  }
  return type == nullptr ? std::nullopt : std::optional(Item(ElementRef{{}, {}, type}));
}

bool Resolve(const Call& call) {
  for (const Item& item : call.input) {
    const auto resource = ResolveOne(call, item);
    if (resource && !call.Push(*resource)) return false;
  }
  return true;
}

bool ConformsTo(const Call& call) {
  std::optional<std::string_view> profile;
  if (!call.Text(0, profile)) return false;
  if (call.input.size() > 1) return call.Fail("called on more than one item");
  if (call.input.empty() || !profile) return true;
  const Item& item = call.input.front();
  if (profile->starts_with(kDefinitionPrefix)) {
    if (const Type* type = R4().Find(profile->substr(kDefinitionPrefix.size()))) {
      return call.Push(Item(item.fhir_type() != nullptr && item.fhir_type()->Is(*type)));
    }
  }
  if (!call.machine.hooks().conforms_to) return call.Fail("unknown profile");
  const Result<bool> answer = call.machine.hooks().conforms_to(item, *profile);
  return answer.ok() ? call.Push(Item(*answer)) : call.machine.Fail(answer.status());
}

bool MemberOf(const Call& call) {
  std::optional<std::string_view> value_set;
  if (!call.Text(0, value_set)) return false;
  if (call.input.size() > 1) return call.Fail("called on more than one item");
  if (call.input.empty() || !value_set) return true;
  if (!call.machine.hooks().member_of) return call.Fail("no terminology to ask");
  const Result<bool> answer = call.machine.hooks().member_of(call.input.front(), *value_set);
  return answer.ok() ? call.Push(Item(*answer)) : call.machine.Fail(answer.status());
}

bool HtmlChecks(const Call& call) {
  std::optional<std::string_view> xhtml;
  if (!call.InputText(xhtml)) return false;
  return !xhtml || call.Push(Item(IsNarrative(*xhtml)));
}

constexpr Function kFunctions[] = {
    {"type", 0, 0, TypeCall},
    {"is", 1, 1, Is, /*takes_type=*/true},
    {"as", 1, 1, As, /*takes_type=*/true},
    {"children", 0, 0, Children},
    {"descendants", 0, 0, Descendants},
    {"extension", 1, 1, Extension},
    {"hasExtension", 1, 1, HasExtension},
    {"hasValue", 0, 0, HasValue},
    {"getValue", 0, 0, GetValue},
    {"resolve", 0, 0, Resolve},
    {"conformsTo", 1, 1, ConformsTo},
    {"memberOf", 1, 1, MemberOf},
    {"htmlChecks", 0, 0, HtmlChecks},
    {"htmlChecks2", 0, 0, HtmlChecks},
};

}  // namespace

std::span<const Function> NavigationFunctions() { return kFunctions; }

bool TestType(Machine& machine, const Node& node, const Items& input, Items& out) {
  if (input.size() > 1) return machine.Fail(node, "one item expected");
  return input.empty() || machine.Push(node, Item(IsOfType(input.front(), node.type)), out);
}

// A filter: the search parameters of R4 apply `as` to elements that repeat.
bool CastType(Machine& machine, const Node& node, const Items& input, Items& out) {
  for (const Item& item : input) {
    if (IsOfType(item, node.type) && !machine.Push(node, item, out)) return false;
  }
  return true;
}

}  // namespace strata::fhirpath
