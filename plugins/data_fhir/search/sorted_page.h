#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/pager.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/sorted_walk.h"
#include "plugins/data_fhir/search/sorting.h"

namespace strata::fhir::search {

// A page in the order of sort keys: of all matches, sorted, or along the index of the first key,
// whichever is done first. Where many resources share a value of that key, or have none, they are a
// search of their own, in the order of the other keys. Single-threaded.
class SortedPage {
 public:
  SortedPage(layout::View& view, Execution& execution, const Query& query,
             const std::optional<Position>& position, Trace* trace);

  // Errors as Execution.
  Result<PageRows> Read();

 private:
  const SortKey& first_key() const { return query_.sort.front(); }
  bool IsFull() const { return rows_.size() > query_.count; }
  bool BeginsWithoutValue() const { return from_ && from_->keys.front().empty(); }
  bool IsBehind(const SortRow& row) const;
  Status ReadWithoutValue();
  Status ReadGroup(Clause clause, const std::string& key);
  std::optional<Position> StartOfGroup(const std::string& key) const;
  Status TakeGroup(const PageRows& page, const std::string& key);
  Result<std::optional<SortedWalk>> BeginWalk();
  // Answers how much was done.
  Result<std::uint64_t> Walk(std::uint64_t work, SortedWalk* walk);
  Result<std::size_t> TakeSteps();
  Status Take(std::vector<SortedWalk::Step> steps);
  PageRows FromWalk(std::optional<std::uint64_t> total);
  Result<PageRows> FromCandidates(const Numbers& candidates);
  Result<PageRows> FromAll(const Numbers& all);

  layout::View& view_;
  Execution& execution_;
  const Query& query_;
  Trace* trace_;
  std::optional<SortRow> from_;
  const Criterion* bounds_ = nullptr;  // The condition on the first key, if it tells where to look.
  bool backwards_ = false;
  std::uint64_t rows_at_once_;
  std::vector<SortedWalk::Step> steps_;  // Read along the index, not looked at yet.
  // [0, count] in the direction of reading; one more than the page tells that there are more.
  std::vector<SortRow> rows_;
};

}  // namespace strata::fhir::search
