// Filtering, projection, aggregates and utilities (FHIRPath #filtering-and-projection, #aggregates,
// #utility-functions).

#include <algorithm>

#include "plugins/data_fhir/fhirpath/compare.h"
#include "plugins/data_fhir/fhirpath/functions.h"

namespace strata::fhirpath {
namespace {

bool Where(const Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    std::optional<bool> truth;
    if (!call.Criteria(0, call.input[i], i, truth)) return false;
    if (truth == true && !call.Push(call.input[i])) return false;
  }
  return true;
}

bool Select(const Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    Machine::Scratch items(call.machine);
    if (!call.Lambda(0, call.input[i], i, *items)) return false;
    for (const Item& item : *items) {
      if (!call.Push(item)) return false;
    }
  }
  return true;
}

// Applies the projection to its own results until nothing (new) comes.
bool Iterate(const Call& call, bool unique) {
  Machine::Scratch current(call.machine);
  *current = call.input;
  while (!current->empty()) {
    Machine::Scratch next(call.machine);
    for (std::size_t i = 0; i < current->size(); ++i) {
      Machine::Scratch items(call.machine);
      if (!call.Lambda(0, (*current)[i], i, *items)) return false;
      for (const Item& item : *items) {
        if (unique && !call.machine.Spend(call.node, call.out.size())) return false;
        if (unique && ContainsEqual(call.out, item)) continue;
        if (!call.Push(item)) return false;
        next->push_back(item);
      }
    }
    std::swap(*current, *next);
  }
  return true;
}
bool Repeat(const Call& call) { return Iterate(call, /*unique=*/true); }
bool RepeatAll(const Call& call) { return Iterate(call, /*unique=*/false); }

bool OfType(const Call& call) {
  for (const Item& item : call.input) {
    if (IsOfType(item, call.node.type) && !call.Push(item)) return false;
  }
  return true;
}

bool Aggregate(const Call& call) {
  Items total;
  if (call.arg_count() > 1 && !call.Arg(1, total)) return false;
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    Items next;
    const Frame frame{std::span<const Item>(&call.input[i], 1), static_cast<std::int64_t>(i),
                      &total};
    if (!call.machine.Eval(call.node.args[0], frame, next)) return false;
    total = std::move(next);
  }
  call.out.insert(call.out.end(), total.begin(), total.end());
  return true;
}

// The branches see the input as $this when there is one.
bool Iif(const Call& call) {
  if (call.input.size() > 1) return call.Fail("called on more than one item");
  const bool own_focus = call.node.input != kNoNode && !call.input.empty();
  const Frame frame = own_focus ? Frame{call.input, std::nullopt, call.frame.total} : call.frame;
  std::optional<Item> criterion;
  if (!call.machine.EvalSingle(call.node.args[0], frame, criterion)) return false;
  const bool* truth = criterion ? criterion->As<bool>() : nullptr;
  if (criterion && truth == nullptr) return call.Fail("the criterion of iif() is a Boolean");
  const std::size_t branch = truth != nullptr && *truth ? 1 : 2;
  return branch >= call.arg_count() || call.machine.Eval(call.node.args[branch], frame, call.out);
}

// A key of sort(): its value for one item, and its direction.
struct SortKey {
  NodeId expression;
  bool descending;
};

std::vector<SortKey> SortKeys(const Call& call) {
  std::vector<SortKey> keys;
  for (NodeId arg : call.node.args) {
    const Node& node = call.machine.node(arg);
    const bool descending = node.op == Op::kNegate;
    keys.push_back({descending ? node.args[0] : arg, descending});
  }
  return keys;
}

struct SortRow {
  Item item;
  std::vector<std::optional<Item>> values;
};

// Empty values come first in both directions. Clears `comparable` when two values have no order.
bool RowLess(const SortRow& a, const SortRow& b, const std::vector<SortKey>& keys,
             bool& comparable) {
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto& left = a.values[i];
    const auto& right = b.values[i];
    if (left.has_value() != right.has_value()) return right.has_value();
    if (!left) continue;
    const OrderResult result = Order(*left, *right);
    comparable = comparable && result.comparable;
    const int order = result.order.value_or(0);
    if (order != 0) return (i < keys.size() && keys[i].descending) ? order > 0 : order < 0;
  }
  return false;
}

bool Sort(const Call& call) {
  const std::vector<SortKey> keys = SortKeys(call);
  std::vector<SortRow> rows;
  for (const Item& item : call.input) {
    SortRow& row = rows.emplace_back(SortRow{item, {}});
    if (keys.empty()) row.values.emplace_back(ToSystem(item));
    for (const SortKey& key : keys) {
      const Frame frame{std::span<const Item>(&item, 1), std::nullopt, nullptr};
      std::optional<Item> value;
      if (!call.machine.EvalSingle(key.expression, frame, value)) return false;
      row.values.push_back(value);
    }
  }
  if (!call.machine.Spend(call.node, rows.size() * 16)) return false;
  bool comparable = true;
  std::stable_sort(rows.begin(), rows.end(), [&](const SortRow& a, const SortRow& b) {
    return RowLess(a, b, keys, comparable);
  });
  if (!comparable) return call.Fail("items without an order between them");
  for (const SortRow& row : rows) {
    if (!call.Push(row.item)) return false;
  }
  return true;
}

bool Trace(const Call& call) {
  std::optional<std::string_view> name;
  if (!call.Text(0, name)) return false;
  Machine::Scratch shown(call.machine);
  if (call.arg_count() > 1) {
    for (std::size_t i = 0; i < call.input.size(); ++i) {
      Machine::Scratch items(call.machine);
      if (!call.Lambda(1, call.input[i], i, *items)) return false;
      shown->insert(shown->end(), items->begin(), items->end());
    }
  } else {
    *shown = call.input;
  }
  if (call.machine.hooks().trace && name) call.machine.hooks().trace(*name, *shown);
  call.out.insert(call.out.end(), call.input.begin(), call.input.end());
  return true;
}

bool DefineVariable(const Call& call) {
  std::optional<std::string_view> name;
  if (!call.Text(0, name)) return false;
  if (!name) return call.Fail("a name expected");
  Machine::Scratch value(call.machine);
  if (call.arg_count() > 1) {
    const Frame frame{call.input, std::nullopt, nullptr};
    if (!call.machine.Eval(call.node.args[1], frame, *value)) return false;
  } else {
    *value = call.input;
  }
  call.out.insert(call.out.end(), call.input.begin(), call.input.end());
  return call.machine.Define(call.node, *name, *value);
}

bool Now(const Call& call) { return call.Push(Item(call.machine.now())); }

bool Today(const Call& call) {
  Temporal today = call.machine.now();
  today.kind = TemporalKind::kDate;
  return call.Push(Item(*today.Boundary(/*high=*/false, 8)));
}

bool TimeOfDay(const Call& call) {
  Temporal time = call.machine.now();
  time.kind = TemporalKind::kTime;
  time.has_zone = false;
  return call.Push(Item(time));
}

constexpr Function kFunctions[] = {
    {"where", 1, 1, Where},
    {"select", 1, 1, Select},
    {"repeat", 1, 1, Repeat},
    {"repeatAll", 1, 1, RepeatAll},
    {"ofType", 1, 1, OfType, /*takes_type=*/true},
    {"aggregate", 1, 2, Aggregate},
    {"iif", 2, 3, Iif},
    {"sort", 0, 16, Sort},
    {"trace", 1, 2, Trace},
    {"defineVariable", 1, 2, DefineVariable},
    {"now", 0, 0, Now},
    {"today", 0, 0, Today},
    {"timeOfDay", 0, 0, TimeOfDay},
};

}  // namespace

std::span<const Function> FilterFunctions() { return kFunctions; }

}  // namespace strata::fhirpath
