#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/ast.h"
#include "plugins/data_fhir/fhirpath/fhirpath.h"

// Private to this folder: the evaluation of one expression at a time. Single-threaded.
namespace strata::fhirpath {

// What $this, $index and $total mean.
struct Frame {
  std::span<const Item> focus;
  std::optional<std::int64_t> index;
  const Items* total = nullptr;
};

// Evaluation by walking the tree. Functions that may fail answer false and leave the reason in
// status(); the first failure ends the evaluation.
class Machine {
 public:
  Machine(Hooks hooks, const EvaluationLimits& limits)
      : hooks_(std::move(hooks)), limits_(limits) {}

  void SetVariable(std::string name, Items value);
  Result<std::span<const Item>> Run(const Ast& ast, std::span<const Item> context,
                                    const Item& resource);

  // Appends the result to `out`, which is empty at the call.
  bool Eval(NodeId id, const Frame& frame, Items& out);
  // The context of a node: its input, or $this.
  bool EvalInput(const Node& node, const Frame& frame, Items& out);
  // One argument; empty and single values only, as System values.
  bool EvalSingle(NodeId id, const Frame& frame, std::optional<Item>& out);

  // Children of an item: with a name, or all when the step is nullptr.
  bool AppendChildren(const Item& item, const Step* step, std::uint32_t position, Items& out);

  bool Fail(const Node& node, std::string_view reason) { return Fail(node.position, reason); }
  bool Fail(std::uint32_t position, std::string_view reason);
  // Takes a foreign failure.
  bool Fail(Status status);
  // Counts work against the limit.
  bool Spend(const Node& node, std::uint64_t steps = 1);
  bool Push(const Node& node, const Item& item, Items& out);
  // Keeps a computed text until the next Run. Fails with nullopt beyond the limit.
  std::optional<std::string_view> Keep(const Node& node, std::string text);
  bool PushText(const Node& node, std::string text, Items& out);

  const Node& node(NodeId id) const { return ast_->nodes[id]; }
  const Hooks& hooks() const { return hooks_; }
  const Item& resource() const { return resource_; }
  const Temporal& now();

  // Variables of defineVariable() end with the lambda that defined them.
  std::size_t scope() const { return scoped_.size(); }
  void LeaveScope(std::size_t size) { scoped_.resize(size); }
  bool Define(const Node& node, std::string_view name, const Items& value);

  // A collection from a pool, given back when it goes out of scope.
  class Scratch {
   public:
    explicit Scratch(Machine& machine);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    Items& operator*() { return *items_; }
    Items* operator->() { return items_.get(); }

   private:
    Machine& machine_;
    std::unique_ptr<Items> items_;
  };

 private:
  bool EvalPath(const Node& node, const Frame& frame, Items& out);
  bool Walk(const Item& item, const Node& node, std::size_t step, Items& out);
  bool EvalVariable(const Node& node, Items& out);
  bool EvalIndexer(const Node& node, const Frame& frame, Items& out);
  bool EvalType(const Node& node, const Frame& frame, Items& out);
  const Items* FindVariable(std::string_view name) const;

  const Hooks hooks_;
  const EvaluationLimits limits_;
  const Ast* ast_ = nullptr;
  Item resource_;
  Items context_;
  Items result_;
  Status status_;
  std::uint64_t steps_ = 0;
  std::size_t text_bytes_ = 0;
  std::deque<std::string> texts_;
  std::optional<Temporal> now_;
  std::vector<std::pair<std::string, Items>> variables_;
  std::vector<std::pair<std::string, Items>> scoped_;
  std::vector<std::unique_ptr<Items>> pool_;
};

// operators.cc: the binary and unary operators.
bool EvalOperator(Machine& machine, const Node& node, const Frame& frame, Items& out);
// The truth of a collection: empty is open, a single item that is no Boolean is true.
bool ToTruth(Machine& machine, const Node& node, const Items& items, std::optional<bool>& truth);
// Equality of collections, in order; nullopt: open.
std::optional<bool> EqualCollections(std::span<const Item> a, std::span<const Item> b);
bool ContainsEqual(std::span<const Item> items, const Item& item);

}  // namespace strata::fhirpath
