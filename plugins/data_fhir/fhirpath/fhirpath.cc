#include "plugins/data_fhir/fhirpath/fhirpath.h"

#include "plugins/data_fhir/fhirpath/ast.h"
#include "plugins/data_fhir/fhirpath/check.h"
#include "plugins/data_fhir/fhirpath/machine.h"
#include "plugins/data_fhir/fhirpath/prune.h"

namespace strata::fhirpath {

Expression::Expression(std::shared_ptr<const std::string> text, std::shared_ptr<const Ast> ast)
    : text_(std::move(text)), ast_(std::move(ast)) {}

Result<Expression> Expression::Compile(std::string_view text) {
  STRATA_ASSIGN_OR_RETURN(Ast ast, ParseExpression(text, ParseLimits{kMaxLength, kMaxDepth}));
  return Expression(std::make_shared<const std::string>(text),
                    std::make_shared<const Ast>(std::move(ast)));
}

Result<Expression> Expression::CompileFor(std::string_view text, const fhir::model::Type& type) {
  STRATA_ASSIGN_OR_RETURN(Ast ast, ParseExpression(text, ParseLimits{kMaxLength, kMaxDepth}));
  PruneFor(ast, type);
  return Expression(std::make_shared<const std::string>(text),
                    std::make_shared<const Ast>(std::move(ast)));
}

Status Expression::Check(const fhir::model::Type& root) const {
  return CheckExpression(*ast_, root);
}

Evaluator::Evaluator(Hooks hooks, const EvaluationLimits& limits)
    : machine_(std::make_unique<Machine>(std::move(hooks), limits)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

void Evaluator::SetVariable(std::string name, Items value) {
  machine_->SetVariable(std::move(name), std::move(value));
}

Result<std::span<const Item>> Evaluator::Evaluate(const Expression& expression,
                                                  const Item& resource) {
  return Evaluate(expression, std::span<const Item>(&resource, 1), resource);
}

Result<std::span<const Item>> Evaluator::Evaluate(const Expression& expression,
                                                  std::span<const Item> context,
                                                  const Item& resource) {
  return machine_->Run(*expression.ast_, context, resource);
}

Result<Expression> ExpressionCache::Get(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_text_.find(text);
    if (found != by_text_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return *found->second;
    }
  }
  STRATA_ASSIGN_OR_RETURN(Expression expression, Expression::Compile(text));
  const std::lock_guard lock(mutex_);
  if (by_text_.count(text) != 0) return expression;
  recent_.push_front(expression);
  by_text_.emplace(recent_.front().text(), recent_.begin());
  if (recent_.size() > capacity_) {
    by_text_.erase(recent_.back().text());
    recent_.pop_back();
  }
  return expression;
}

}  // namespace strata::fhirpath
