#include "plugins/data_fhir/fhirpath/prune.h"

#include <utility>

namespace strata::fhirpath {
namespace {

class Pruner {
 public:
  Pruner(Ast& ast, const fhir::model::Type& type) : ast_(ast), type_(type) {}

  // The node that stands for this one; unions of nothing become kEmpty.
  NodeId Prune(NodeId id) {
    Node& node = ast_.nodes[id];
    if (node.op == Op::kUnion) {
      const NodeId left = node.args[0] = Prune(node.args[0]);
      const NodeId right = node.args[1] = Prune(node.args[1]);
      return IsEmpty(left) ? right : IsEmpty(right) ? left : id;
    }
    if (StartsElsewhere(id)) {
      Node empty;
      empty.position = node.position;
      node = std::move(empty);
    }
    return id;
  }

 private:
  bool IsEmpty(NodeId id) const { return ast_.nodes[id].op == Op::kEmpty; }

  // Follows the input of paths, filters and casts to the type they start from.
  bool StartsElsewhere(NodeId id) const {
    const Node& node = ast_.nodes[id];
    if (node.op == Op::kAs) return StartsElsewhere(node.args[0]);
    const bool filter = node.op == Op::kCall &&
                        (node.name == "where" || node.name == "as" || node.name == "ofType" ||
                         node.name == "first" || node.name == "extension");
    if ((filter || node.op == Op::kPath || node.op == Op::kIndexer) && node.input != kNoNode) {
      return StartsElsewhere(node.input);
    }
    const bool typed = node.op == Op::kPath && node.root_type != nullptr;
    return typed && node.root_type->is_resource() && !type_.Is(*node.root_type) &&
           type_.Find(node.steps[0].name) == nullptr;
  }

  Ast& ast_;
  const fhir::model::Type& type_;
};

}  // namespace

void PruneFor(Ast& ast, const fhir::model::Type& type) {
  ast.root = Pruner(ast, type).Prune(ast.root);
}

}  // namespace strata::fhirpath
