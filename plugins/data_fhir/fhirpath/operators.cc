// Operators (FHIRPath #operations).

#include <algorithm>

#include "plugins/data_fhir/fhirpath/compare.h"
#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/ucum/ucum.h"

namespace strata::fhirpath {
namespace {

// One binary operation on collections.
struct Binary {
  Machine& machine;
  const Node& node;
  const Items& left;
  const Items& right;
  Items& out;

  bool Push(const Item& item) const { return machine.Push(node, item, out); }
  bool PushOpen(std::optional<bool> truth) const { return !truth || Push(Item(*truth)); }
  bool Fail(std::string_view reason) const { return machine.Fail(node, reason); }
};

bool EvalUnion(const Binary& op) {
  for (const Items* items : {&op.left, &op.right}) {
    for (const Item& item : *items) {
      if (!op.machine.Spend(op.node, op.out.size())) return false;
      if (!ContainsEqual(op.out, item) && !op.Push(item)) return false;
    }
  }
  return true;
}

bool EvalEquality(const Binary& op) {
  if (op.left.empty() || op.right.empty()) return true;
  if (!op.machine.Spend(op.node, op.left.size())) return false;
  const auto equal = EqualCollections(op.left, op.right);
  if (!equal) return true;
  return op.Push(Item(*equal == (op.node.op == Op::kEqual)));
}

// The same items in any order.
bool EvalEquivalence(const Binary& op) {
  bool equivalent = op.left.size() == op.right.size();
  if (equivalent) {
    if (!op.machine.Spend(op.node, op.left.size() * op.right.size())) return false;
    Items rest = op.right;
    for (const Item& item : op.left) {
      const auto found = std::find_if(rest.begin(), rest.end(),
                                      [&](const Item& other) { return Equivalent(item, other); });
      equivalent = found != rest.end();
      if (!equivalent) break;
      rest.erase(found);
    }
  }
  return op.Push(Item(equivalent == (op.node.op == Op::kEquivalent)));
}

// Fails unless both sides are single; `both` is false when one is empty.
bool Singles(const Binary& op, bool& both) {
  if (op.left.size() > 1 || op.right.size() > 1) return op.Fail("one item expected on each side");
  both = !op.left.empty() && !op.right.empty();
  return true;
}

bool EvalOrder(const Binary& op) {
  bool both = false;
  if (!Singles(op, both)) return false;
  if (!both) return true;
  const OrderResult result = Order(op.left.front(), op.right.front());
  if (!result.comparable) return op.Fail("operands without an order between them");
  if (!result.order) return true;
  const int order = *result.order;
  switch (op.node.op) {
    case Op::kLess:
      return op.Push(Item(order < 0));
    case Op::kGreater:
      return op.Push(Item(order > 0));
    case Op::kLessOrEqual:
      return op.Push(Item(order <= 0));
    default:
      return op.Push(Item(order >= 0));
  }
}

bool EvalMembership(const Binary& op) {
  const bool in = op.node.op == Op::kIn;
  const Items& items = in ? op.left : op.right;
  const Items& whole = in ? op.right : op.left;
  if (items.size() > 1) return op.Fail("one item expected");
  if (items.empty()) return true;
  return op.machine.Spend(op.node, whole.size()) &&
         op.Push(Item(ContainsEqual(whole, items.front())));
}

std::optional<bool> And(std::optional<bool> a, std::optional<bool> b) {
  if (a == false || b == false) return false;
  return a && b ? std::optional(true) : std::nullopt;
}
std::optional<bool> Or(std::optional<bool> a, std::optional<bool> b) {
  if (a == true || b == true) return true;
  return a && b ? std::optional(false) : std::nullopt;
}

bool EvalLogic(const Binary& op) {
  std::optional<bool> a;
  std::optional<bool> b;
  if (!ToTruth(op.machine, op.node, op.left, a) || !ToTruth(op.machine, op.node, op.right, b)) {
    return false;
  }
  switch (op.node.op) {
    case Op::kAnd:
      return op.PushOpen(And(a, b));
    case Op::kOr:
      return op.PushOpen(Or(a, b));
    case Op::kXor:
      return op.PushOpen(a && b ? std::optional(*a != *b) : std::nullopt);
    default:
      return op.PushOpen(Or(a ? std::optional(!*a) : std::nullopt, b));
  }
}

bool EvalConcatenate(const Binary& op) {
  bool both = false;
  if (!Singles(op, both)) return false;
  std::string text;
  for (const Items* side : {&op.left, &op.right}) {
    if (side->empty()) continue;
    const Item item = ToSystem(side->front());
    const auto* part = item.As<std::string_view>();
    if (part == nullptr) return op.Fail("a string expected on each side");
    text.append(*part);
  }
  return op.machine.PushText(op.node, std::move(text), op.out);
}

// A date or time and a quantity of time.
bool EvalDateArithmetic(const Binary& op, const Temporal& date, const Quantity& quantity) {
  auto unit = quantity.calendar ? CalendarUnit(quantity.unit) : DefiniteUcumUnit(quantity.unit);
  if (!unit && !quantity.calendar) unit = CalendarUnit(quantity.unit);
  if (!unit) return op.Fail("the quantity is no duration of the calendar");
  const auto whole = quantity.value.Integral(Decimal::Rounding::kDown).ToInteger();
  if (!whole) return true;
  const auto sum = date.Plus(op.node.op == Op::kAdd ? *whole : -*whole, *unit);
  return !sum || op.Push(Item(*sum));
}

bool EvalIntegers(const Binary& op, std::int64_t a, std::int64_t b) {
  std::int64_t value = 0;
  switch (op.node.op) {
    case Op::kAdd:
      value = a + b;
      break;
    case Op::kSubtract:
      value = a - b;
      break;
    case Op::kMultiply:
      value = a * b;  // Both have 32 bits.
      break;
    case Op::kDiv:
    case Op::kMod:
      if (b == 0) return true;
      value = op.node.op == Op::kDiv ? a / b : a % b;
      break;
    default: {
      const auto quotient = Decimal::Divide(a, b);
      return !quotient || op.Push(Item(*quotient));
    }
  }
  const auto item = IntegerItem(value);
  return !item || op.Push(*item);
}

std::optional<Item> DecimalResult(Op op, Decimal a, Decimal b) {
  const auto item = [](std::optional<Decimal> value) {
    return value ? std::optional(Item(*value)) : std::nullopt;
  };
  const auto whole_quotient = [&]() -> std::optional<Decimal> {
    const auto quotient = Decimal::Divide(a, b);
    if (!quotient) return std::nullopt;
    return quotient->Integral(Decimal::Rounding::kDown);
  };
  switch (op) {
    case Op::kAdd:
      return item(Decimal::Add(a, b));
    case Op::kSubtract:
      return item(Decimal::Add(a, -b));
    case Op::kMultiply:
      return item(Decimal::Multiply(a, b));
    case Op::kDivide:
      return item(Decimal::Divide(a, b));
    case Op::kDiv: {
      const auto quotient = whole_quotient();
      const auto integer = quotient ? quotient->ToInteger() : std::nullopt;
      return integer ? IntegerItem(*integer) : std::nullopt;
    }
    default: {
      const auto quotient = whole_quotient();
      const auto product = quotient ? Decimal::Multiply(*quotient, b) : std::nullopt;
      return product ? item(Decimal::Add(a, -*product)) : std::nullopt;
    }
  }
}

// The product or quotient of two units in base units; nullopt when one is no UCUM unit.
std::optional<Quantity> ScaleUnits(const Binary& op, const Quantity& a, const Quantity& b) {
  const auto unit = [](const Quantity& q) {
    const auto calendar = q.calendar ? CalendarUnit(q.unit) : std::nullopt;
    if (calendar == TimeUnit::kDay) return std::string("d");
    if (calendar == TimeUnit::kSecond) return std::string("s");
    return q.unit.empty() ? std::string("1") : std::string(q.unit);
  };
  const bool divide = op.node.op == Op::kDivide;
  const auto value =
      divide ? Decimal::Divide(a.value, b.value) : Decimal::Multiply(a.value, b.value);
  const auto canonical =
      ucum::Canonical("(" + unit(a) + ")" + (divide ? "/" : ".") + "(" + unit(b) + ")");
  if (!value || !canonical.ok()) return std::nullopt;
  const auto factor = Decimal::FromDouble(canonical->factor);
  const auto scaled = factor ? Decimal::Multiply(*value, *factor) : std::nullopt;
  if (!scaled) return std::nullopt;
  const auto text = op.machine.Keep(op.node, canonical->unit);
  return text ? std::optional(Quantity{*scaled, *text, false}) : std::nullopt;
}

// The same unit on both sides, in `b` when it can be converted.
bool ToUnitOf(const Quantity& a, Quantity& b) {
  if (a.unit == b.unit && a.calendar == b.calendar) return true;
  const auto left = ucum::Canonical(a.unit.empty() ? "1" : a.unit);
  const auto right = ucum::Canonical(b.unit.empty() ? "1" : b.unit);
  if (!left.ok() || !right.ok() || left->unit != right->unit) return false;
  const auto factor = Decimal::FromDouble(right->factor / left->factor);
  const auto value = factor ? Decimal::Multiply(b.value, *factor) : std::nullopt;
  if (!value) return false;
  b = {*value, a.unit, a.calendar};
  return true;
}

bool EvalQuantities(const Binary& op, const Quantity& a, Quantity b) {
  if (op.node.op == Op::kMultiply || op.node.op == Op::kDivide) {
    if (op.node.op == Op::kDivide && b.value.is_zero()) return true;
    if (a.unit.empty() != b.unit.empty() && (b.unit.empty() || op.node.op == Op::kMultiply)) {
      const Quantity& named = a.unit.empty() ? b : a;
      const auto value = DecimalResult(op.node.op, a.value, b.value);
      return !value || op.Push(Item(Quantity{*ToDecimal(*value), named.unit, named.calendar}));
    }
    const auto scaled = ScaleUnits(op, a, b);
    return !scaled || op.Push(Item(*scaled));
  }
  if (op.node.op != Op::kAdd && op.node.op != Op::kSubtract) {
    return op.Fail("operator not defined for quantities");
  }
  if (!ToUnitOf(a, b)) return true;
  const auto sum = Decimal::Add(a.value, op.node.op == Op::kAdd ? b.value : -b.value);
  return !sum || op.Push(Item(Quantity{*sum, a.unit, a.calendar}));
}

bool EvalArithmetic(const Binary& op) {
  bool both = false;
  if (!Singles(op, both)) return false;
  if (!both) return true;
  const Item a = ToSystem(op.left.front());
  const Item b = ToSystem(op.right.front());
  const auto* left = a.As<std::int64_t>();
  const auto* right = b.As<std::int64_t>();
  if (left != nullptr && right != nullptr) return EvalIntegers(op, *left, *right);
  if (ToDecimal(a) && ToDecimal(b)) {
    const auto value = DecimalResult(op.node.op, *ToDecimal(a), *ToDecimal(b));
    return !value || op.Push(*value);
  }
  if (op.node.op == Op::kAdd && a.As<std::string_view>() && b.As<std::string_view>()) {
    return op.machine.PushText(
        op.node, std::string(*a.As<std::string_view>()).append(*b.As<std::string_view>()), op.out);
  }
  const bool sum = op.node.op == Op::kAdd || op.node.op == Op::kSubtract;
  if (sum && a.As<Temporal>() && b.As<Quantity>()) {
    return EvalDateArithmetic(op, *a.As<Temporal>(), *b.As<Quantity>());
  }
  if (ToQuantity(a) && ToQuantity(b)) return EvalQuantities(op, *ToQuantity(a), *ToQuantity(b));
  return op.Fail("operator not defined for these types");
}

bool EvalSign(Machine& machine, const Node& node, const Frame& frame, Items& out) {
  std::optional<Item> item;
  if (!machine.EvalSingle(node.args[0], frame, item)) return false;
  if (!item) return true;
  const bool negate = node.op == Op::kNegate;
  if (const auto* integer = item->As<std::int64_t>()) {
    return machine.Push(node, Item(negate ? -*integer : *integer), out);
  }
  if (const auto* decimal = item->As<Decimal>()) {
    return machine.Push(node, Item(negate ? -*decimal : *decimal), out);
  }
  if (const auto* quantity = item->As<Quantity>()) {
    const Decimal value = negate ? -quantity->value : quantity->value;
    return machine.Push(node, Item(Quantity{value, quantity->unit, quantity->calendar}), out);
  }
  return machine.Fail(node, "a sign needs a number");
}

bool Dispatch(const Binary& op) {
  switch (op.node.op) {
    case Op::kUnion:
      return EvalUnion(op);
    case Op::kEqual:
    case Op::kNotEqual:
      return EvalEquality(op);
    case Op::kEquivalent:
    case Op::kNotEquivalent:
      return EvalEquivalence(op);
    case Op::kLess:
    case Op::kGreater:
    case Op::kLessOrEqual:
    case Op::kGreaterOrEqual:
      return EvalOrder(op);
    case Op::kIn:
    case Op::kContains:
      return EvalMembership(op);
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kImplies:
      return EvalLogic(op);
    case Op::kConcatenate:
      return EvalConcatenate(op);
    default:
      return EvalArithmetic(op);
  }
}

}  // namespace

bool EvalOperator(Machine& machine, const Node& node, const Frame& frame, Items& out) {
  if (node.op == Op::kNegate || node.op == Op::kPlus) return EvalSign(machine, node, frame, out);
  Machine::Scratch left(machine);
  Machine::Scratch right(machine);
  Machine::Scratch result(machine);
  // Variables defined in one operand do not reach the other.
  const std::size_t scope = machine.scope();
  if (!machine.Eval(node.args[0], frame, *left)) return false;
  machine.LeaveScope(scope);
  if (!machine.Eval(node.args[1], frame, *right)) return false;
  machine.LeaveScope(scope);
  if (!Dispatch({machine, node, *left, *right, *result})) return false;
  out.insert(out.end(), result->begin(), result->end());
  return true;
}

bool ToTruth(Machine& machine, const Node& node, const Items& items, std::optional<bool>& truth) {
  if (items.size() > 1) return machine.Fail(node, "one Boolean expected");
  if (items.empty()) return true;
  const Item item = ToSystem(items.front());
  const bool* value = item.As<bool>();
  truth = value == nullptr || *value;
  return true;
}

std::optional<bool> EqualCollections(std::span<const Item> a, std::span<const Item> b) {
  if (a.size() != b.size()) return false;
  std::optional<bool> all = true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto equal = Equal(a[i], b[i]);
    if (equal == false) return false;
    if (!equal) all = std::nullopt;
  }
  return all;
}

bool ContainsEqual(std::span<const Item> items, const Item& item) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Item& other) { return Equal(other, item) == true; });
}

}  // namespace strata::fhirpath
