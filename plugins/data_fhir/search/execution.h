#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/clause_run.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

class OrderedWalk;

// What was done, for Explain.
struct ExecutedStep {
  std::string operation;
  std::string parameter;
  std::uint64_t rows_read = 0;
  std::uint64_t rows_kept = 0;
  double microseconds = 0;
};
using Trace = std::vector<ExecutedStep>;

// Where a page of results in order of resource number begins: behind `after`, or before it when
// going back.
struct NumberPosition {
  layout::ResourceNumber after = 0;
  bool backwards = false;
};

// Resources found, in order of number; going back as well.
struct Slice {
  Numbers numbers;
  bool more = false;  // in the direction of reading
  std::optional<std::uint64_t> total;
};

// Carries out one query on a view. Clauses are read in turns and ever larger pieces until the
// smallest is complete; the others are asked about its resources only. Where none is small, a page
// is found by walking the resources in order. The work of either is at most a few times that of the
// better one, so no clause that does not narrow the answer costs what the data has grown to.
// Single-threaded. Errors: the view's; RESOURCE_EXHAUSTED with an Outcome when a limit is passed.
class Execution {
 public:
  Execution(layout::View& view, const Query& query, Trace* trace)
      : view_(view), query_(query), trace_(trace) {}

  // Resolves chains, _has and _id. Call first.
  Status Prepare();
  // Every match.
  Result<Numbers> All();
  // The matches of a page of `count` and, where it costs no more (or `with_total`), how many there
  // are in all.
  Result<Slice> Page(const NumberPosition& position, std::size_t count, bool with_total);

 private:
  Status AddRun(const Clause& clause);
  Status Follow(const Join& join, std::vector<Criterion>* criteria, Numbers* numbers);
  Status FollowBack(const Join& join, const Numbers& inner, Numbers* numbers);
  Status ReferencesTo(const Join& join, const Numbers& inner, std::vector<Criterion>* criteria);

  ClauseRun* SmallestComplete();
  Status AdvanceAll(std::uint64_t rows);
  Status FilterByOthers(const ClauseRun* driver, Numbers* candidates);
  Result<Slice> PageOf(ClauseRun* driver, const NumberPosition& position, std::size_t count,
                       bool with_total);
  Status Walk(const NumberPosition& position, std::size_t count, std::uint64_t rows,
              OrderedWalk* walk, Slice* slice);
  void Record(std::string operation, std::string_view parameter, std::uint64_t read,
              std::uint64_t kept);

  layout::View& view_;
  const Query& query_;
  Trace* trace_;
  Clause everything_;
  std::vector<std::unique_ptr<ClauseRun>> runs_;
  const ClauseRun* walked_ = nullptr;  // Whose resources a walk goes along.
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace strata::fhir::search
