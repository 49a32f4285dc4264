#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/search/criterion.h"
#include "plugins/data_fhir/subset/subset.h"
#include "strata/data/v1/data.pb.h"

// A search of one resource type, understood (plan.h makes it of a data.v1.SearchRequest).
namespace strata::fhir::search {

struct Query;

// A condition on resources that a reference leads to, or that lead here by one.
struct Join {
  layout::ParameterNumber reference = 0;
  // Type of the resources at the other end.
  std::string type;
  // From those resources to here (_has) instead of from here to those (chain).
  bool reverse = false;
  std::shared_ptr<const Query> inner;
};

// One condition; all of a query's must hold.
struct Clause {
  std::string name;  // The parameter as written.
  std::vector<Criterion> any;
  std::vector<Join> joins;       // Any of them; joined with `any` by OR.
  std::vector<std::string> ids;  // _id: any of them.
  bool by_id = false;
  bool negated = false;  // :not and :missing=true
  bool hint = false;     // Follows from the others: may lead, and is never asked about resources.
  // How many resources may be looked at for it; null: as many as it takes.
  std::shared_ptr<std::size_t> looks_left;
};

struct SortKey {
  enum class By : std::uint8_t { kId, kParameter };
  By by = By::kParameter;
  layout::ParameterNumber parameter = 0;  // kId: of the order of ids; 0: there is no such index.
  model::SearchType type = model::SearchType::kToken;
  bool descending = false;
};

struct Include {
  // Parameter of `source` that refers to the resources to include (kForward), or by which resources
  // of type `source` refer to a match (reverse).
  std::string source;
  layout::ParameterNumber reference = 0;  // 0: every reference parameter of `source`.
  std::string target;                     // Type to include; empty for any.
  bool reverse = false;
  bool iterate = false;
};

enum class Total : std::uint8_t { kUnspecified, kNone, kEstimate, kAccurate };

struct Query {
  std::string type;
  layout::TypeNumber type_number = 0;
  std::vector<Clause> clauses;
  std::vector<SortKey> sort;
  std::vector<Include> includes;
  std::uint32_t count = 0;  // Page size; 0 answers the total only.
  Total total = Total::kUnspecified;
  std::string base_url;   // This server's; empty when it is not known.
  subset::Subset subset;  // Which parts of the resources found are asked for.
};

}  // namespace strata::fhir::search
