#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plugins/data_fhir/fhirpath/machine.h"

// Private to this folder: the functions of FHIRPath by name.
namespace strata::fhirpath {

// One call of a function: its node, what it is called on, where its result goes. The helpers
// answer false when the evaluation has failed.
struct Call {
  Machine& machine;
  const Node& node;
  const Frame& frame;
  const Items& input;
  Items& out;

  std::size_t arg_count() const { return node.args.size(); }
  bool Push(const Item& item) const { return machine.Push(node, item, out); }
  bool PushText(std::string text) const { return machine.PushText(node, std::move(text), out); }
  bool Fail(std::string_view reason) const { return machine.Fail(node, reason); }

  // An argument as a collection, evaluated in the context of the call.
  bool Arg(std::size_t i, Items& items) const { return machine.Eval(node.args[i], frame, items); }
  bool Single(std::size_t i, std::optional<Item>& item) const {
    return machine.EvalSingle(node.args[i], frame, item);
  }
  bool Text(std::size_t i, std::optional<std::string_view>& text) const;
  bool Integer(std::size_t i, std::optional<std::int64_t>& value) const;
  // An argument evaluated for one item, as $this.
  bool Lambda(std::size_t i, const Item& item, std::size_t index, Items& items) const;
  bool Criteria(std::size_t i, const Item& item, std::size_t index,
                std::optional<bool>& truth) const;

  // The input when it is at most one item, as a System value.
  bool Input(std::optional<Item>& item) const;
  // The input as text: strings and primitives written as JSON strings.
  bool InputText(std::optional<std::string_view>& text) const;
};

struct Function {
  std::string_view name;
  std::uint8_t min_args;
  std::uint8_t max_args;
  bool (*run)(const Call& call);
  bool takes_type = false;
};

// nullptr when FHIRPath has no function of that name.
const Function* FindFunction(std::string_view name);

// The parts of the table.
std::span<const Function> CollectionFunctions();
std::span<const Function> FilterFunctions();
std::span<const Function> ConversionFunctions();
std::span<const Function> StringFunctions();
std::span<const Function> MathFunctions();
std::span<const Function> NavigationFunctions();

// is and as, shared by operators and functions.
bool TestType(Machine& machine, const Node& node, const Items& input, Items& out);
bool CastType(Machine& machine, const Node& node, const Items& input, Items& out);

// "1.5 'mg'", "4 days"; the unit points into `text`.
std::optional<Quantity> ParseQuantity(std::string_view text);

}  // namespace strata::fhirpath
