#include "plugins/data_fhir/search/logic.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/resource_check.h"

namespace strata::fhir::search {
namespace {

// Conditions of which one must hold.
using Disjunction = std::vector<Clause>;
using Conjunction = std::vector<Disjunction>;

Status TooComplex() { return ResourceExhausted("the expression is too complex; make it simpler"); }

Status CheckSize(const Conjunction& all) {
  std::size_t conditions = 0;
  for (const Disjunction& any : all) conditions += any.size();
  return all.size() > kMaxClauses || conditions > kMaxValues ? TooComplex() : OkStatus();
}

// Conjunctive form: and over or over conditions.
Result<Conjunction> Normal(const Logic& logic, bool negated);

Result<Conjunction> NormalAll(const std::vector<Logic>& parts, bool negated) {
  Conjunction all;
  for (const Logic& part : parts) {
    STRATA_ASSIGN_OR_RETURN(Conjunction more, Normal(part, negated));
    std::move(more.begin(), more.end(), std::back_inserter(all));
    STRATA_RETURN_IF_ERROR(CheckSize(all));
  }
  return all;
}

Result<Conjunction> NormalAny(const std::vector<Logic>& parts, bool negated) {
  Conjunction all = {Disjunction{}};
  for (const Logic& part : parts) {
    STRATA_ASSIGN_OR_RETURN(const Conjunction more, Normal(part, negated));
    Conjunction next;
    for (const Disjunction& left : all) {
      for (const Disjunction& right : more) {
        Disjunction& both = next.emplace_back(left);
        both.insert(both.end(), right.begin(), right.end());
      }
      STRATA_RETURN_IF_ERROR(CheckSize(next));
    }
    all = std::move(next);
  }
  return all;
}

Result<Conjunction> Normal(const Logic& logic, bool negated) {
  switch (logic.kind) {
    case Logic::Kind::kNot:
      return Normal(logic.parts.front(), !negated);
    case Logic::Kind::kAll:
      return negated ? NormalAny(logic.parts, negated) : NormalAll(logic.parts, negated);
    case Logic::Kind::kAny:
      return negated ? NormalAll(logic.parts, negated) : NormalAny(logic.parts, negated);
    case Logic::Kind::kIs:
      break;
  }
  Clause clause = logic.clause;
  clause.negated = clause.negated != negated;
  return Conjunction{{std::move(clause)}};
}

// Several conditions that must hold, as one.
Clause United(Disjunction any) {
  Clause clause = std::move(any.front());
  for (std::size_t i = 1; i < any.size(); ++i) {
    std::move(any[i].any.begin(), any[i].any.end(), std::back_inserter(clause.any));
    std::move(any[i].joins.begin(), any[i].joins.end(), std::back_inserter(clause.joins));
    std::move(any[i].ids.begin(), any[i].ids.end(), std::back_inserter(clause.ids));
    if (clause.looks_left == nullptr) clause.looks_left = any[i].looks_left;
  }
  clause.by_id = !clause.ids.empty();
  return clause;
}

// A condition of a disjunction that is answered by a look at the resource.
struct Looked {
  std::vector<Criterion> criteria;
  std::vector<std::string> ids;
  bool negated = false;

  bool Holds(const index::Extractor& extractor, layout::TypeNumber type,
             json::Value resource) const {
    const bool by_id = std::find(ids.begin(), ids.end(), resource["id"].string()) != ids.end();
    return (by_id || HoldsFor(extractor, type, criteria, resource)) != negated;
  }
};

Result<Clause> LookedAt(const Disjunction& any, layout::TypeNumber type,
                        const index::Extractor& extractor) {
  std::vector<Looked> looked;
  for (const Clause& each : any) {
    if (!each.joins.empty()) {
      return Unimplemented("a chain cannot stand in an 'or' beside something that must not hold");
    }
    looked.push_back({each.any, each.ids, each.negated});
  }
  Clause clause;
  clause.name = any.front().name;
  clause.any = {LookAt([type, &extractor, looked = std::move(looked)](json::Value resource) {
    return std::any_of(looked.begin(), looked.end(),
                       [&](const Looked& each) { return each.Holds(extractor, type, resource); });
  })};
  return clause;
}

}  // namespace

Logic Logic::Is(Clause clause) {
  Logic logic;
  logic.clause = std::move(clause);
  return logic;
}

Logic Logic::All(std::vector<Logic> parts) {
  Logic logic;
  logic.kind = Kind::kAll;
  logic.parts = std::move(parts);
  return logic;
}

Logic Logic::Any(std::vector<Logic> parts) {
  Logic logic;
  logic.kind = Kind::kAny;
  logic.parts = std::move(parts);
  return logic;
}

Logic Logic::Not(Logic part) {
  Logic logic;
  logic.kind = Kind::kNot;
  logic.parts.push_back(std::move(part));
  return logic;
}

Result<std::vector<Clause>> AsClauses(const Logic& logic, layout::TypeNumber type,
                                      const index::Extractor& extractor) {
  STRATA_ASSIGN_OR_RETURN(Conjunction all, Normal(logic, /*negated=*/false));
  std::vector<Clause> clauses;
  for (Disjunction& any : all) {
    const bool positive =
        std::none_of(any.begin(), any.end(), [](const Clause& each) { return each.negated; });
    if (positive || any.size() == 1) {
      clauses.push_back(United(std::move(any)));
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(Clause clause, LookedAt(any, type, extractor));
    clauses.push_back(std::move(clause));
  }
  return clauses;
}

}  // namespace strata::fhir::search
