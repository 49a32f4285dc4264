// Existence, subsetting and combining (FHIRPath #existence, #subsetting, #combining).

#include <algorithm>

#include "plugins/data_fhir/fhirpath/compare.h"
#include "plugins/data_fhir/fhirpath/functions.h"

namespace strata::fhirpath {
namespace {

bool Empty(const Call& call) { return call.Push(Item(call.input.empty())); }
bool Count(const Call& call) {
  return call.Push(Item(static_cast<std::int64_t>(call.input.size())));
}

bool Exists(const Call& call) {
  if (call.arg_count() == 0) return call.Push(Item(!call.input.empty()));
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    std::optional<bool> truth;
    if (!call.Criteria(0, call.input[i], i, truth)) return false;
    if (truth == true) return call.Push(Item(true));
  }
  return call.Push(Item(false));
}

bool All(const Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    std::optional<bool> truth;
    if (!call.Criteria(0, call.input[i], i, truth)) return false;
    if (truth != true) return call.Push(Item(false));
  }
  return call.Push(Item(true));
}

// Some item has `wanted` as its value (kAny), or every item has (kAll).
enum class Quantifier { kAny, kAll };
bool Quantify(const Call& call, bool wanted, Quantifier quantifier) {
  const bool any = quantifier == Quantifier::kAny;
  for (const Item& item : call.input) {
    const Item system = ToSystem(item);
    const bool* value = system.As<bool>();
    if (value == nullptr) return call.Fail("called on an item that is no Boolean");
    if ((*value == wanted) == any) return call.Push(Item(any));
  }
  return call.Push(Item(!any));
}
bool AllTrue(const Call& call) { return Quantify(call, true, Quantifier::kAll); }
bool AnyTrue(const Call& call) { return Quantify(call, true, Quantifier::kAny); }
bool AllFalse(const Call& call) { return Quantify(call, false, Quantifier::kAll); }
bool AnyFalse(const Call& call) { return Quantify(call, false, Quantifier::kAny); }

bool Not(const Call& call) {
  std::optional<bool> truth;
  if (!ToTruth(call.machine, call.node, call.input, truth)) return false;
  return !truth || call.Push(Item(!*truth));
}

bool IsSubset(const Call& call, const Items& part, const Items& whole, bool& subset) {
  if (!call.machine.Spend(call.node, part.size() * whole.size())) return false;
  subset = std::all_of(part.begin(), part.end(),
                       [&](const Item& item) { return ContainsEqual(whole, item); });
  return true;
}

bool SubsetOf(const Call& call) {
  Machine::Scratch other(call.machine);
  bool subset = false;
  return call.Arg(0, *other) && IsSubset(call, call.input, *other, subset) &&
         call.Push(Item(subset));
}

bool SupersetOf(const Call& call) {
  Machine::Scratch other(call.machine);
  bool subset = false;
  return call.Arg(0, *other) && IsSubset(call, *other, call.input, subset) &&
         call.Push(Item(subset));
}

bool PushDistinct(const Call& call, const Items& items) {
  for (const Item& item : items) {
    if (!call.machine.Spend(call.node, call.out.size())) return false;
    if (!ContainsEqual(call.out, item) && !call.Push(item)) return false;
  }
  return true;
}

bool Distinct(const Call& call) { return PushDistinct(call, call.input); }

bool IsDistinct(const Call& call) {
  if (!call.machine.Spend(call.node, call.input.size() * call.input.size() / 2)) return false;
  for (std::size_t i = 1; i < call.input.size(); ++i) {
    if (ContainsEqual({call.input.data(), i}, call.input[i])) return call.Push(Item(false));
  }
  return call.Push(Item(true));
}

bool Slice(const Call& call, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < std::min(end, call.input.size()); ++i) {
    if (!call.Push(call.input[i])) return false;
  }
  return true;
}

bool Single(const Call& call) {
  if (call.input.size() > 1) return call.Fail("called on more than one item");
  return Slice(call, 0, 1);
}
bool First(const Call& call) { return Slice(call, 0, 1); }
bool Last(const Call& call) {
  return call.input.empty() || Slice(call, call.input.size() - 1, call.input.size());
}
bool Tail(const Call& call) { return Slice(call, 1, SIZE_MAX); }

bool Skip(const Call& call) {
  std::optional<std::int64_t> n;
  if (!call.Integer(0, n)) return false;
  return Slice(call, n && *n > 0 ? static_cast<std::size_t>(*n) : 0, SIZE_MAX);
}

bool Take(const Call& call) {
  std::optional<std::int64_t> n;
  if (!call.Integer(0, n)) return false;
  return Slice(call, 0, n && *n > 0 ? static_cast<std::size_t>(*n) : 0);
}

bool Intersect(const Call& call) {
  Machine::Scratch other(call.machine);
  if (!call.Arg(0, *other)) return false;
  for (const Item& item : call.input) {
    if (!call.machine.Spend(call.node, other->size() + call.out.size())) return false;
    if (ContainsEqual(*other, item) && !ContainsEqual(call.out, item) && !call.Push(item)) {
      return false;
    }
  }
  return true;
}

bool Exclude(const Call& call) {
  Machine::Scratch other(call.machine);
  if (!call.Arg(0, *other)) return false;
  for (const Item& item : call.input) {
    if (!call.machine.Spend(call.node, other->size())) return false;
    if (!ContainsEqual(*other, item) && !call.Push(item)) return false;
  }
  return true;
}

bool Union(const Call& call) {
  Machine::Scratch other(call.machine);
  return call.Arg(0, *other) && PushDistinct(call, call.input) && PushDistinct(call, *other);
}

bool Combine(const Call& call) {
  Machine::Scratch other(call.machine);
  if (!call.Arg(0, *other)) return false;
  for (const Items* items : {&call.input, static_cast<const Items*>(&*other)}) {
    for (const Item& item : *items) {
      if (!call.Push(item)) return false;
    }
  }
  return true;
}

bool Coalesce(const Call& call) {
  for (std::size_t i = 0; i < call.arg_count(); ++i) {
    Machine::Scratch items(call.machine);
    if (!call.Arg(i, *items)) return false;
    if (items->empty()) continue;
    call.out.insert(call.out.end(), items->begin(), items->end());
    return true;
  }
  return true;
}

constexpr Function kFunctions[] = {
    {"empty", 0, 0, Empty},
    {"exists", 0, 1, Exists},
    {"all", 1, 1, All},
    {"allTrue", 0, 0, AllTrue},
    {"anyTrue", 0, 0, AnyTrue},
    {"allFalse", 0, 0, AllFalse},
    {"anyFalse", 0, 0, AnyFalse},
    {"not", 0, 0, Not},
    {"count", 0, 0, Count},
    {"subsetOf", 1, 1, SubsetOf},
    {"supersetOf", 1, 1, SupersetOf},
    {"distinct", 0, 0, Distinct},
    {"isDistinct", 0, 0, IsDistinct},
    {"single", 0, 0, Single},
    {"first", 0, 0, First},
    {"last", 0, 0, Last},
    {"tail", 0, 0, Tail},
    {"skip", 1, 1, Skip},
    {"take", 1, 1, Take},
    {"intersect", 1, 1, Intersect},
    {"exclude", 1, 1, Exclude},
    {"union", 1, 1, Union},
    {"combine", 1, 2, Combine},
    {"coalesce", 1, 32, Coalesce},
};

}  // namespace

std::span<const Function> CollectionFunctions() { return kFunctions; }

}  // namespace strata::fhirpath
