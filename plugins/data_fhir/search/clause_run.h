#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/resource_check.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// One clause at work: it reads its index ranges piece by piece, so that of several clauses the
// smallest is found without reading the others, and it tells for given resources whether it holds.
// "Found" is always the positive side; a negated clause (:not) is turned round by Filter.
// Single-threaded.
class ClauseRun {
 public:
  // `criteria` and `numbers` hold what the clause means once its joins are resolved: resources that
  // one of the criteria accepts, and resources by number (sorted).
  ClauseRun(layout::View& view, layout::TypeNumber type, const Clause& clause,
            std::vector<Criterion> criteria, Numbers numbers);

  const Clause& clause() const { return clause_; }
  bool negated() const { return clause_.negated; }
  std::uint64_t rows_read() const { return rows_read_; }
  std::uint64_t checked() const { return checked_; }

  // Reads up to `rows` further rows. RESOURCE_EXHAUSTED: kMaxHeld resources found and more.
  Status Advance(std::uint64_t rows);
  // All was read; found() is sorted then.
  bool complete() const { return complete_; }
  const Numbers& found() const { return found_; }
  // found() may hold resources that only a look at them excludes.
  bool needs_look() const { return needs_look_; }

  // Leaves those of `candidates` (sorted) for which the clause holds, by whatever costs less.
  Status Filter(Numbers* candidates);

  // The values whose runs, merged, are the clause's resources in order; nullopt when it has no such
  // form or too many values. Reads a few rows to find out.
  Result<std::optional<std::vector<Criterion>>> OrderedRuns();

 private:
  struct Span {
    std::size_t criterion;
    RangeReader reader;
  };
  Status Narrow();
  Status NarrowOne(const Criterion& criterion, std::vector<Criterion>* narrowed, bool* all);
  bool IsPoints() const;
  bool IsInHeaders() const;
  Status FilterByRuns(Numbers* candidates);
  Status FilterByHeaders(Numbers* candidates);
  void KeepHolding(const std::vector<char>& holds, Numbers* candidates) const;
  Status FilterByLooking(Numbers* candidates);
  void FilterByFound(Numbers* candidates) const;

  layout::View& view_;
  layout::TypeNumber type_;
  const Clause& clause_;
  std::vector<Criterion> criteria_;
  Numbers numbers_;
  std::vector<Span> spans_;
  std::size_t at_ = 0;
  Numbers found_;
  std::uint64_t rows_read_ = 0;
  std::uint64_t checked_ = 0;
  bool complete_ = false;
  bool needs_look_ = false;
  bool narrowed_ = false;
  // The criteria as single values, when there are few.
  std::optional<std::vector<Criterion>> narrowed_criteria_;
};

}  // namespace strata::fhir::search
