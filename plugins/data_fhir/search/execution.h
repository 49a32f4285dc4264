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

  // Reads _id. Call first.
  Status Prepare();
  // Every match.
  Result<Numbers> All();
  // Every match. false: finding and looking at all of them would take more than so much work (in
  // rows); *all is undefined then.
  Result<bool> AllWithin(std::uint64_t work, Numbers* all);
  Result<std::uint64_t> Count();
  // Adds what somebody else did to the trace.
  void Note(std::string operation, std::string_view parameter, std::uint64_t read,
            std::uint64_t kept) {
    Record(std::move(operation), parameter, read, kept);
  }
  // Leaves the matches among some resources of the type (sorted).
  Status Filter(Numbers* candidates) { return FilterByOthers(all_of_type_, candidates); }
  // The matches of a page of `count` and, where it costs no more (or `with_total`), how many there
  // are in all.
  Result<Slice> Page(const NumberPosition& position, std::size_t count, bool with_total);

 private:
  Status AddRun(const Clause& clause);
  // Conditions on the one value that resources have, joined to one.
  void JoinClauses();
  ClauseRun* SmallestComplete();
  Status AdvanceAll(std::uint64_t work);
  // Whether the resources of a clause are all there is to find.
  bool IsAlone() const { return runs_.size() == 1 && runs_.front()->HasOrder(); }
  Status StartWalk(const NumberPosition& position, std::unique_ptr<OrderedWalk>* walk);
  Status FilterByOthers(const ClauseRun* driver, Numbers* candidates);
  Result<Slice> PageOf(ClauseRun* driver, const NumberPosition& position, std::size_t count,
                       bool with_total);
  Status Walk(const NumberPosition& position, std::size_t count, std::uint64_t work,
              OrderedWalk* walk, Slice* slice);
  Status Keep(const ClauseRun* driver, const NumberPosition& position, std::size_t count,
              Numbers candidates, Slice* slice);
  void Record(std::string operation, std::string_view parameter, std::uint64_t read,
              std::uint64_t kept);

  layout::View& view_;
  const Query& query_;
  Trace* trace_;
  Clause everything_;
  std::vector<Clause> clauses_;  // Of the query, joined.
  const ClauseRun* all_of_type_ = nullptr;
  std::vector<std::unique_ptr<ClauseRun>> runs_;
  const ClauseRun* walked_ = nullptr;  // Whose resources a walk goes along.
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace strata::fhir::search
