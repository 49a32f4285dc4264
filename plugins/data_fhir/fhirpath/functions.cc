#include "plugins/data_fhir/fhirpath/functions.h"

#include <unordered_map>

namespace strata::fhirpath {

bool Call::Text(std::size_t i, std::optional<std::string_view>& text) const {
  std::optional<Item> item;
  if (!Single(i, item)) return false;
  if (!item) return true;
  const auto* value = item->As<std::string_view>();
  if (value == nullptr) return machine.Fail(machine.node(node.args[i]), "a string expected");
  text = *value;
  return true;
}

bool Call::Integer(std::size_t i, std::optional<std::int64_t>& value) const {
  std::optional<Item> item;
  if (!Single(i, item)) return false;
  if (!item) return true;
  const auto* number = item->As<std::int64_t>();
  if (number == nullptr) return machine.Fail(machine.node(node.args[i]), "an integer expected");
  value = *number;
  return true;
}

bool Call::Lambda(std::size_t i, const Item& item, std::size_t index, Items& items) const {
  const std::size_t scope = machine.scope();
  const Frame inner{std::span<const Item>(&item, 1), static_cast<std::int64_t>(index), frame.total};
  const bool good = machine.Eval(node.args[i], inner, items);
  machine.LeaveScope(scope);
  return good;
}

bool Call::Criteria(std::size_t i, const Item& item, std::size_t index,
                    std::optional<bool>& truth) const {
  Machine::Scratch items(machine);
  return Lambda(i, item, index, *items) &&
         ToTruth(machine, machine.node(node.args[i]), *items, truth);
}

bool Call::Input(std::optional<Item>& item) const {
  if (input.size() > 1) return Fail("called on more than one item");
  if (!input.empty()) item = ToSystem(input.front());
  return true;
}

bool Call::InputText(std::optional<std::string_view>& text) const {
  std::optional<Item> item;
  if (!Input(item)) return false;
  if (!item) return true;
  if (const auto* value = item->As<std::string_view>()) {
    text = *value;
  } else if (input.front().is_element() && input.front().element().value.is_string()) {
    text = input.front().element().value.string();
  } else if (!input.front().is_element() || input.front().element().value) {
    return Fail("called on an item that is no string");
  }
  return true;
}

const Function* FindFunction(std::string_view name) {
  static const auto* const table = [] {
    auto* all = new std::unordered_map<std::string_view, const Function*>;
    for (const auto part : {CollectionFunctions(), FilterFunctions(), ConversionFunctions(),
                            StringFunctions(), MathFunctions(), NavigationFunctions()}) {
      for (const Function& function : part) all->emplace(function.name, &function);
    }
    return all;
  }();
  const auto found = table->find(name);
  return found == table->end() ? nullptr : found->second;
}

}  // namespace strata::fhirpath
