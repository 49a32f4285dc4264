#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/item.h"

// Private to this folder: the compiled form of an expression.
namespace strata::fhirpath {

class Evaluator;
struct Function;

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;

enum class Op : std::uint8_t {
  kLiteral,   // literal
  kEmpty,     // {}
  kThis,      // $this
  kIndex,     // $index
  kTotal,     // $total
  kVariable,  // %name
  kPath,      // input.step.step
  kCall,      // input.function(args)
  kIndexer,   // input[args[0]]
  kNegate,    // -args[0]
  kPlus,      // +args[0]
  kIs,        // args[0] is type
  kAs,        // args[0] as type
  kUnion,
  kMultiply,
  kDivide,
  kDiv,
  kMod,
  kAdd,
  kSubtract,
  kConcatenate,
  kLess,
  kGreater,
  kLessOrEqual,
  kGreaterOrEqual,
  kEqual,
  kNotEqual,
  kEquivalent,
  kNotEquivalent,
  kIn,
  kContains,
  kAnd,
  kOr,
  kXor,
  kImplies,
};

// A type as it is named in an expression. An unqualified name may be both: Quantity.
struct TypeSpec {
  const fhir::model::Type* fhir = nullptr;
  std::string_view system;  // "Boolean" ...; empty when no System type is meant.
};
// By namespace ("FHIR", "System" or empty) and name; a spec without either when there is none.
TypeSpec ResolveType(std::string_view space, std::string_view name);
bool IsOfType(const Item& item, const TypeSpec& type);

struct Step {
  std::string name;
  std::string sibling;  // "_name": where JSON keeps the extensions of a primitive.
};

struct Node {
  Op op = Op::kEmpty;
  std::uint32_t position = 0;
  std::uint32_t height = 1;
  NodeId input = kNoNode;    // What `.` applies to; kNoNode: the context.
  std::vector<NodeId> args;  // Operands or arguments.
  std::vector<Step> steps;   // kPath
  std::string name;          // kCall, kVariable
  Item literal;              // kLiteral; its text is `name`
  const Function* function = nullptr;
  TypeSpec type;
  // kPath without input: the type its first step names, when that may select the context itself.
  const fhir::model::Type* root_type = nullptr;
};

struct Ast {
  std::vector<Node> nodes;
  NodeId root = kNoNode;
};

struct ParseLimits {
  std::size_t max_length = 16384;  // Bytes.
  std::uint32_t max_depth = 200;   // Nested operators, calls and parentheses.
};
Result<Ast> ParseExpression(std::string_view text, const ParseLimits& limits);

}  // namespace strata::fhirpath
