#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// One chain or _has at work. Resolved, it is index values or resources like any other condition; as
// long as what is at its other end is too much, it is asked about given resources only, so that a
// join costs what the data at the end of few resources does. Single-threaded.
class JoinRun {
 public:
  // `type` is the type of the resources here.
  JoinRun(layout::View& view, layout::TypeNumber type, const Join& join, Trace* trace);

  // What the join means: references that lead there (*criteria), or the resources that are referred
  // to (*numbers). false: finding it out takes more than so much work. RESOURCE_EXHAUSTED: it leads
  // through more than kMaxJoined resources.
  Result<bool> Resolve(std::uint64_t work, std::vector<Criterion>* criteria, Numbers* numbers);
  bool resolved() const { return resolved_; }

  // Marks those of `candidates` for which it holds.
  Status Mark(const Numbers& candidates, std::vector<char>* holds);

 private:
  Status Prepare();
  std::string_view BaseUrl() const { return join_.inner->base_url; }
  Result<bool> HasUrls();
  Status ReferencesTo(const Numbers& inner, std::vector<Criterion>* criteria);
  Status ReferredFrom(const Numbers& inner, Numbers* numbers);
  Status MarkByReferences(const Numbers& candidates, std::vector<char>* holds);
  Status MarkByReferrers(const Numbers& candidates, std::vector<char>* holds);
  Result<bool> IsReferred(std::string_view id);

  layout::View& view_;
  layout::TypeNumber type_;
  const Join& join_;
  Execution inner_;
  std::optional<Numbers> found_;  // By the inner query, once all of it is known.
  bool prepared_ = false;
  bool resolved_ = false;
};

}  // namespace strata::fhir::search
