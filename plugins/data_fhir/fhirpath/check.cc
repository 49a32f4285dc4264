#include "plugins/data_fhir/fhirpath/check.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/fhirpath/lexer.h"

namespace strata::fhirpath {
namespace {

using fhir::model::Element;
using fhir::model::Type;

// What a collection may hold. `any`: not known, every step is allowed.
struct TypeSet {
  bool any = false;
  bool ordered = true;
  std::vector<const Type*> types;

  void Add(const Type* type) {
    // An abstract resource stands for every resource.
    if (type->is_resource() && type->is_abstract()) any = true;
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  void Add(const TypeSet& other) {
    any = any || other.any;
    ordered = ordered && other.ordered;
    for (const Type* type : other.types) Add(type);
  }
};
TypeSet Any() { return {true, true, {}}; }

template <std::size_t kSize>
bool IsOneOf(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 11> kLambdas = {
    "where",     "select", "repeat", "repeatAll", "exists",        "all",
    "aggregate", "iif",    "sort",   "trace",     "defineVariable"};
constexpr std::array<std::string_view, 14> kKeepType = {
    "where",    "first", "last", "tail",           "skip",    "take",      "single",
    "distinct", "trace", "sort", "defineVariable", "exclude", "intersect", "extension"};
constexpr std::array<std::string_view, 5> kNeedOrder = {"first", "last", "tail", "skip", "take"};

class Checker {
 public:
  Checker(const Ast& ast, const Type& root) : ast_(ast) { root_.Add(&root); }

  Status Run() { return Infer(ast_.root, root_).status(); }

 private:
  const Node& node(NodeId id) const { return ast_.nodes[id]; }

  Result<TypeSet> InferInput(const Node& n, const TypeSet& focus) const {
    if (n.input == kNoNode) return focus;
    return Infer(n.input, focus);
  }

  Result<TypeSet> Infer(NodeId id, const TypeSet& focus) const {
    const Node& n = node(id);
    switch (n.op) {
      case Op::kThis:
        return InferInput(n, focus);
      case Op::kPath:
        return InferPath(n, focus);
      case Op::kCall:
        return InferCall(n, focus);
      case Op::kIndexer: {
        STRATA_ASSIGN_OR_RETURN(TypeSet input, InferInput(n, focus));
        STRATA_RETURN_IF_ERROR(Infer(n.args[0], focus).status());
        if (!input.ordered) return SyntaxError("the order is not defined here", n.position);
        return input;
      }
      case Op::kVariable:
        return n.name == "resource" || n.name == "context" ? root_ : Any();
      case Op::kAs: {
        STRATA_ASSIGN_OR_RETURN(TypeSet input, Infer(n.args[0], focus));
        return Narrow(n, input);
      }
      case Op::kUnion: {
        STRATA_ASSIGN_OR_RETURN(TypeSet left, Infer(n.args[0], focus));
        STRATA_ASSIGN_OR_RETURN(const TypeSet right, Infer(n.args[1], focus));
        left.Add(right);
        return left;
      }
      default:
        for (NodeId arg : n.args) STRATA_RETURN_IF_ERROR(Infer(arg, focus).status());
        return Any();
    }
  }

  Result<TypeSet> InferPath(const Node& n, const TypeSet& focus) const {
    STRATA_ASSIGN_OR_RETURN(TypeSet current, InferInput(n, focus));
    std::size_t step = 0;
    const bool selects = n.input == kNoNode && n.root_type != nullptr &&
                         std::any_of(current.types.begin(), current.types.end(),
                                     [&](const Type* type) { return type->Is(*n.root_type); });
    if (selects) step = 1;
    for (; step < n.steps.size(); ++step) {
      STRATA_ASSIGN_OR_RETURN(current, InferStep(n, current, n.steps[step].name));
    }
    return current;
  }

  static Result<TypeSet> InferStep(const Node& n, const TypeSet& from, std::string_view name) {
    TypeSet to{from.any, from.ordered, {}};
    bool found = from.any;
    for (const Type* type : from.types) {
      if (const Element* element = type->Find(name)) {
        found = true;
        for (const auto& ref : element->types) to.Add(ref.type);
      } else if (type->is_primitive() && name == "value") {
        found = to.any = true;
      }
    }
    if (!found) return SyntaxError("no such element", n.position);
    return to;
  }

  static Result<TypeSet> Narrow(const Node& n, const TypeSet& from) {
    if (n.type.fhir == nullptr) return Any();
    const bool possible =
        from.any || std::any_of(from.types.begin(), from.types.end(), [&](const Type* type) {
          return type->Is(*n.type.fhir) || n.type.fhir->Is(*type);
        });
    if (!possible) return SyntaxError("no item can have this type", n.position);
    TypeSet to{false, from.ordered, {}};
    to.Add(n.type.fhir);
    return to;
  }

  Result<TypeSet> InferCall(const Node& n, const TypeSet& focus) const {
    STRATA_ASSIGN_OR_RETURN(TypeSet input, InferInput(n, focus));
    if (!input.ordered && IsOneOf(kNeedOrder, n.name)) {
      return SyntaxError("the order is not defined here", n.position);
    }
    if (n.name == "as" || n.name == "ofType") return Narrow(n, input);
    TypeSet result = Any();
    for (NodeId arg : n.args) {
      STRATA_ASSIGN_OR_RETURN(result, Infer(arg, IsOneOf(kLambdas, n.name) ? input : focus));
    }
    if (n.name == "extension") {
      STRATA_ASSIGN_OR_RETURN(TypeSet extension, InferStep(n, input, "extension"));
      return extension;
    }
    if (IsOneOf(kKeepType, n.name)) return input;
    if (n.name == "select") return result;
    TypeSet unknown = Any();
    unknown.ordered = n.name != "children" && n.name != "descendants";
    return unknown;
  }

  const Ast& ast_;
  TypeSet root_;
};

}  // namespace

Status CheckExpression(const Ast& ast, const Type& root) { return Checker(ast, root).Run(); }

}  // namespace strata::fhirpath
