#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/item.h"

// FHIRPath N1 (hl7.org/fhirpath/N1) with the functions FHIR R4 adds (R4 fhirpath.html), over JSON
// documents with the types of the R4 model.
namespace strata::fhirpath {

struct Ast;
class Machine;

// A compiled expression. Immutable, cheap to copy, thread-safe.
class Expression {
 public:
  static constexpr std::size_t kMaxLength = 16384;  // Bytes.
  static constexpr std::uint32_t kMaxDepth = 200;   // Nested operators, calls, parentheses.

  // INVALID_ARGUMENT with the position: syntax, unknown functions and types, limits.
  static Result<Expression> Compile(std::string_view text);

  // The same for expressions that only meet resources of one type: what can give nothing on it is
  // left out (a search parameter of 30 types becomes its part for one). Doubles that the union of
  // the types would have dropped may stay.
  static Result<Expression> CompileFor(std::string_view text, const fhir::model::Type& type);

  // Strict mode: INVALID_ARGUMENT when, starting from `root`, the expression names elements that
  // do not exist, selects with types that cannot occur, or depends on an order that is not defined.
  Status Check(const fhir::model::Type& root) const;

  const std::string& text() const { return *text_; }

 private:
  friend class Evaluator;
  Expression(std::shared_ptr<const std::string> text, std::shared_ptr<const Ast> ast);

  // Shared by all copies of the expression and by evaluators that hold results pointing into it.
  std::shared_ptr<const std::string> text_;
  std::shared_ptr<const Ast> ast_;
};

// What an expression may ask of its surroundings. Each may be empty.
struct Hooks {
  // The resource a reference names. Without a hook, or when it finds none, resolve() answers with
  // the contained resource, or with an item of the type that the reference's text names.
  std::function<std::optional<Item>(std::string_view reference)> resolve;
  std::function<Result<bool>(const Item& item, std::string_view value_set)> member_of;
  // Asked for profiles that are not a definition of the standard itself.
  std::function<Result<bool>(const Item& item, std::string_view profile)> conforms_to;
  std::function<void(std::string_view name, std::span<const Item> items)> trace;
  std::function<std::chrono::system_clock::time_point()> now;
};

struct EvaluationLimits {
  std::uint64_t max_steps = 2'000'000;  // Items visited, compared or made.
  std::size_t max_items = 100'000;      // In one collection.
  std::size_t max_text = 4 << 20;       // Bytes of text made by one evaluation.
};

// Evaluates expressions, reusing its memory. Results are valid until the next call, as long as the
// documents and expressions they came from. Single-threaded.
class Evaluator {
 public:
  explicit Evaluator(Hooks hooks = {}, const EvaluationLimits& limits = {});
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  // Sets %name for the calls that follow.
  void SetVariable(std::string name, Items value);

  // The result on a resource. INVALID_ARGUMENT with the position: the expression does not fit the
  // data (two items where one is allowed, operands of different types) or passes a limit.
  Result<std::span<const Item>> Evaluate(const Expression& expression, const Item& resource);
  // The same with another context than the resource: the elements a composite parameter found.
  Result<std::span<const Item>> Evaluate(const Expression& expression,
                                         std::span<const Item> context, const Item& resource);

 private:
  std::unique_ptr<Machine> machine_;
};

// Compiled expressions by their text, least recently used ones dropped. Thread-safe.
class ExpressionCache {
 public:
  explicit ExpressionCache(std::size_t capacity = 4096) : capacity_(capacity) {}

  // As Expression::Compile; failures are not kept.
  Result<Expression> Get(std::string_view text);

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Expression> recent_;  // Front: used last.
  std::unordered_map<std::string_view, std::list<Expression>::iterator> by_text_;
};

// The text of a System value or primitive as toString() writes it; nullopt for other items.
std::optional<std::string> ToText(const Item& item);

}  // namespace strata::fhirpath
