// Recursive descent with precedence climbing over hl7.org/fhirpath/N1/grammar.html.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "plugins/data_fhir/fhirpath/ast.h"
#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/fhirpath/lexer.h"

namespace strata::fhirpath {
namespace {

using fhir::model::R4;

struct Operator {
  std::string_view text;
  Op op;
  int precedence;  // Higher binds tighter.
};

constexpr int kUnaryPrecedence = 11;
constexpr std::array<Operator, 24> kOperators = {
    {{"*", Op::kMultiply, 10},    {"/", Op::kDivide, 10},
     {"div", Op::kDiv, 10},       {"mod", Op::kMod, 10},
     {"+", Op::kAdd, 9},          {"-", Op::kSubtract, 9},
     {"&", Op::kConcatenate, 9},  {"is", Op::kIs, 8},
     {"as", Op::kAs, 8},          {"|", Op::kUnion, 7},
     {"<", Op::kLess, 6},         {">", Op::kGreater, 6},
     {"<=", Op::kLessOrEqual, 6}, {">=", Op::kGreaterOrEqual, 6},
     {"=", Op::kEqual, 5},        {"!=", Op::kNotEqual, 5},
     {"~", Op::kEquivalent, 5},   {"!~", Op::kNotEquivalent, 5},
     {"in", Op::kIn, 4},          {"contains", Op::kContains, 4},
     {"and", Op::kAnd, 3},        {"or", Op::kOr, 2},
     {"xor", Op::kXor, 2},        {"implies", Op::kImplies, 1}}};

const Operator* FindOperator(const Token& token) {
  if (token.quoted || (token.kind != TokenKind::kSymbol && token.kind != TokenKind::kIdentifier)) {
    return nullptr;
  }
  const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                  [&](const Operator& op) { return op.text == token.text; });
  return found == kOperators.end() ? nullptr : &*found;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const ParseLimits& limits)
      : tokens_(std::move(tokens)), limits_(limits) {}

  Result<Ast> Run() {
    STRATA_ASSIGN_OR_RETURN(ast_.root, ParseBinary(0));
    if (Peek().kind != TokenKind::kEnd) return Unexpected();
    return std::move(ast_);
  }

 private:
  const Token& Peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool IsSymbol(std::string_view text) const {
    return Peek().kind == TokenKind::kSymbol && Peek().text == text;
  }
  bool TakeSymbol(std::string_view text) {
    if (!IsSymbol(text)) return false;
    ++at_;
    return true;
  }
  Token Take() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }

  Status Unexpected() const {
    return SyntaxError(
        Peek().kind == TokenKind::kEnd ? "expression ends too early" : "unexpected token",
        Peek().position);
  }
  Status Expect(std::string_view symbol) { return TakeSymbol(symbol) ? OkStatus() : Unexpected(); }

  Result<NodeId> Add(Node node) {
    node.height = 1 + (node.input == kNoNode ? 0 : ast_.nodes[node.input].height);
    for (NodeId arg : node.args) {
      node.height = std::max(node.height, 1 + ast_.nodes[arg].height);
    }
    if (node.height > limits_.max_depth) {
      return SyntaxError("expression nested too deep", node.position);
    }
    ast_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(ast_.nodes.size() - 1);
  }
  Node Make(Op op) const {
    Node node;
    node.op = op;
    node.position = Peek().position;
    return node;
  }

  Result<NodeId> ParseBinary(int min_precedence) {
    if (++depth_ > limits_.max_depth) {
      return SyntaxError("expression nested too deep", Peek().position);
    }
    STRATA_ASSIGN_OR_RETURN(NodeId left, ParseUnary());
    while (const Operator* op = FindOperator(Peek())) {
      if (op->precedence < min_precedence) break;
      Node node = Make(op->op);
      ++at_;
      node.args.push_back(left);
      if (op->op == Op::kIs || op->op == Op::kAs) {
        STRATA_ASSIGN_OR_RETURN(node.type, ParseTypeName());
      } else {
        STRATA_ASSIGN_OR_RETURN(const NodeId right, ParseBinary(op->precedence + 1));
        node.args.push_back(right);
      }
      STRATA_ASSIGN_OR_RETURN(left, Add(std::move(node)));
    }
    --depth_;
    return left;
  }

  Result<NodeId> ParseUnary() {
    if (!IsSymbol("-") && !IsSymbol("+")) return ParseInvocations();
    Node node = Make(IsSymbol("-") ? Op::kNegate : Op::kPlus);
    ++at_;
    STRATA_ASSIGN_OR_RETURN(const NodeId operand, ParseBinary(kUnaryPrecedence));
    node.args.push_back(operand);
    return Add(std::move(node));
  }

  Result<NodeId> ParseInvocations() {
    STRATA_ASSIGN_OR_RETURN(NodeId left, ParseTerm());
    while (true) {
      if (TakeSymbol(".")) {
        STRATA_ASSIGN_OR_RETURN(left, ParseInvocation(left));
      } else if (IsSymbol("[")) {
        Node node = Make(Op::kIndexer);
        ++at_;
        node.input = left;
        STRATA_ASSIGN_OR_RETURN(const NodeId index, ParseBinary(0));
        node.args.push_back(index);
        STRATA_RETURN_IF_ERROR(Expect("]"));
        STRATA_ASSIGN_OR_RETURN(left, Add(std::move(node)));
      } else {
        return left;
      }
    }
  }

  Result<NodeId> ParseTerm() {
    switch (Peek().kind) {
      case TokenKind::kString:
      case TokenKind::kNumber:
      case TokenKind::kDate:
      case TokenKind::kDateTime:
      case TokenKind::kTime:
        return ParseLiteral();
      case TokenKind::kIdentifier:
      case TokenKind::kSpecial:
        return ParseInvocation(kNoNode);
      default:
        break;
    }
    if (TakeSymbol("(")) {
      STRATA_ASSIGN_OR_RETURN(const NodeId inner, ParseBinary(0));
      STRATA_RETURN_IF_ERROR(Expect(")"));
      return inner;
    }
    if (TakeSymbol("{")) {
      Node node = Make(Op::kEmpty);
      STRATA_RETURN_IF_ERROR(Expect("}"));
      return Add(std::move(node));
    }
    if (TakeSymbol("%")) return ParseVariable();
    return Unexpected();
  }

  // %name, %`name` or %'name'. A bare name may hold hyphens: %vs-name and %ext-name (R4
  // fhirpath.html#variables).
  Result<NodeId> ParseVariable() {
    Node node = Make(Op::kVariable);
    if (Peek().kind != TokenKind::kIdentifier && Peek().kind != TokenKind::kString) {
      return Unexpected();
    }
    const Token name = Take();
    node.name = name.text;
    if (!name.quoted && (node.name == "vs" || node.name == "ext")) {
      while (IsSymbol("-") && Peek(1).kind == TokenKind::kIdentifier) {
        ++at_;
        node.name.append("-").append(Take().text);
      }
    }
    return Add(std::move(node));
  }

  Result<NodeId> ParseInvocation(NodeId input) {
    if (Peek().kind == TokenKind::kSpecial) return ParseSpecial(input);
    if (Peek().kind != TokenKind::kIdentifier) return Unexpected();
    Node node = Make(Op::kPath);
    const Token name = Take();
    node.input = input;
    if (IsSymbol("(")) return ParseCall(std::move(node), name);
    if (input == kNoNode && !name.quoted && (name.text == "true" || name.text == "false")) {
      node.op = Op::kLiteral;
      node.literal = Item(name.text == "true");
      return Add(std::move(node));
    }
    if (input != kNoNode && ast_.nodes[input].op == Op::kPath && input == ast_.nodes.size() - 1) {
      ast_.nodes[input].steps.push_back({name.text, "_" + name.text});
      return input;
    }
    node.steps.push_back({name.text, "_" + name.text});
    if (input == kNoNode && name.text[0] >= 'A' && name.text[0] <= 'Z') {
      node.root_type = R4().Find(name.text);
    }
    return Add(std::move(node));
  }

  Result<NodeId> ParseSpecial(NodeId input) {
    Node node = Make(Op::kThis);
    node.input = input;
    const Token token = Take();
    if (token.text == "index") {
      node.op = Op::kIndex;
    } else if (token.text == "total") {
      node.op = Op::kTotal;
    } else if (token.text != "this") {
      return SyntaxError("unknown special name", token.position);
    }
    return Add(std::move(node));
  }

  Result<NodeId> ParseCall(Node node, const Token& name) {
    node.op = Op::kCall;
    node.name = name.text;
    node.function = FindFunction(name.text);
    if (node.function == nullptr) return SyntaxError("unknown function", name.position);
    STRATA_RETURN_IF_ERROR(Expect("("));
    if (node.function->takes_type) {
      STRATA_ASSIGN_OR_RETURN(node.type, ParseTypeName());
    } else if (!IsSymbol(")")) {
      do {
        STRATA_RETURN_IF_ERROR(ParseArgument(node));
      } while (TakeSymbol(","));
    }
    STRATA_RETURN_IF_ERROR(Expect(")"));
    const std::size_t count = node.args.size() + (node.function->takes_type ? 1 : 0);
    if (count < node.function->min_args || count > node.function->max_args) {
      return SyntaxError("wrong number of arguments", name.position);
    }
    return Add(std::move(node));
  }

  // An argument of sort() may end in asc or desc.
  Status ParseArgument(Node& node) {
    STRATA_ASSIGN_OR_RETURN(NodeId arg, ParseBinary(0));
    const bool order =
        Peek().kind == TokenKind::kIdentifier && (Peek().text == "asc" || Peek().text == "desc");
    if (node.name == "sort" && order && Take().text == "desc") {
      Node negate = Make(Op::kNegate);
      negate.args.push_back(arg);
      STRATA_ASSIGN_OR_RETURN(arg, Add(std::move(negate)));
    }
    node.args.push_back(arg);
    return OkStatus();
  }

  Result<TypeSpec> ParseTypeName() {
    const std::uint32_t position = Peek().position;
    if (Peek().kind != TokenKind::kIdentifier) return Unexpected();
    std::string space;
    std::string name = Take().text;
    const bool qualified = IsSymbol(".") && Peek(1).kind == TokenKind::kIdentifier &&
                           (name == "FHIR" || name == "System");
    if (qualified) {
      ++at_;
      space = std::exchange(name, Take().text);
    }
    while (IsSymbol(".") && space != "System" && Peek(1).kind == TokenKind::kIdentifier &&
           R4().Find(name + "." + Peek(1).text) != nullptr) {
      ++at_;
      name.append(".").append(Take().text);  // Observation.component
    }
    const TypeSpec spec = ResolveType(space, name);
    if (spec.fhir == nullptr && spec.system.empty()) return SyntaxError("unknown type", position);
    return spec;
  }

  Result<NodeId> ParseLiteral() {
    Node node = Make(Op::kLiteral);
    const Token token = Take();
    node.name = token.text;
    std::optional<Item> item;
    switch (token.kind) {
      case TokenKind::kString:
        item = Item(std::string_view());  // Points at the node's own text, see Expression.
        break;
      case TokenKind::kNumber:
        item = ParseNumber(node);
        break;
      case TokenKind::kDate:
        item = TemporalItem(TemporalKind::kDate, token.text);
        break;
      case TokenKind::kDateTime:
        item = TemporalItem(TemporalKind::kDateTime, token.text);
        break;
      default:
        item = TemporalItem(TemporalKind::kTime, token.text);
    }
    if (!item) return SyntaxError("not a number, date or time", token.position);
    node.literal = *item;
    return Add(std::move(node));
  }

  static std::optional<Item> TemporalItem(TemporalKind kind, std::string_view text) {
    const auto temporal = Temporal::Parse(kind, text);
    return temporal ? std::optional(Item(*temporal)) : std::nullopt;
  }

  // A number, or a quantity when a unit follows.
  std::optional<Item> ParseNumber(Node& node) {
    const auto value = Decimal::Parse(node.name);
    if (!value) return std::nullopt;
    const bool calendar = Peek().kind == TokenKind::kIdentifier && !Peek().quoted &&
                          CalendarUnit(Peek().text).has_value();
    if (calendar || Peek().kind == TokenKind::kString) {
      node.name = Take().text;
      return Item(Quantity{*value, {}, calendar});
    }
    if (node.name.find('.') != std::string::npos) return Item(*value);
    const auto integer = value->ToInteger();
    // The smallest Integer is written as the negation of a number that is none itself.
    const bool negated = at_ >= 2 && tokens_[at_ - 2].text == "-";
    if (!integer || *integer > std::int64_t{INT32_MAX} + (negated ? 1 : 0)) return std::nullopt;
    return Item(*integer);
  }

  std::vector<Token> tokens_;
  const ParseLimits& limits_;
  Ast ast_;
  std::size_t at_ = 0;
  std::uint32_t depth_ = 0;
};

// Texts of literals point into their nodes, which no longer move.
void BindTexts(Ast& ast) {
  for (Node& node : ast.nodes) {
    if (node.op != Op::kLiteral) continue;
    if (node.literal.kind() == ItemKind::kString) node.literal = Item(std::string_view(node.name));
    if (const Quantity* quantity = node.literal.As<Quantity>()) {
      node.literal = Item(Quantity{quantity->value, node.name, quantity->calendar});
    }
  }
}

}  // namespace

TypeSpec ResolveType(std::string_view space, std::string_view name) {
  static constexpr std::array<std::string_view, 9> kSystem = {
      "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"};
  TypeSpec spec;
  if (space.empty() || space == "FHIR") spec.fhir = R4().Find(name);
  if (space.empty() || space == "System") {
    const auto found = std::find(kSystem.begin(), kSystem.end(), name);
    if (found != kSystem.end()) {
      spec.system = *found;
    } else if (space == "System") {
      spec.system = "?";  // A name without a type: nothing is of it.
    }
  }
  return spec;
}

bool IsOfType(const Item& item, const TypeSpec& type) {
  if (item.is_element()) {
    return type.fhir != nullptr && item.fhir_type() != nullptr && item.fhir_type()->Is(*type.fhir);
  }
  return type.system == "Any" || (!type.system.empty() && item.type_name().name == type.system);
}

Result<Ast> ParseExpression(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.max_length) {
    return SyntaxError("expression longer than the limit", limits.max_length);
  }
  STRATA_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  STRATA_ASSIGN_OR_RETURN(Ast ast, Parser(std::move(tokens), limits).Run());
  BindTexts(ast);
  return ast;
}

}  // namespace strata::fhirpath
