#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/clause_run.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"
#include "plugins/data_fhir/search/sorted_walk.h"

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
  // Resources that every match is among, as few as the index tells; CheckRest leaves the matches
  // among some of them (sorted). nullptr: it would take more than so much work. Borrowed until the
  // next call.
  Result<const Numbers*> CandidatesWithin(std::uint64_t work);
  Status CheckRest(Numbers* candidates) { return FilterByOthers(known_, candidates); }
  // Whether that takes a look at each of them, or what it leads to.
  bool IsRestCostly() const;
  Result<std::uint64_t> Count();
  // Adds what somebody else did to the trace.
  void Note(std::string operation, std::string_view parameter, std::uint64_t read,
            std::uint64_t kept) {
    Record(std::move(operation), parameter, read, kept);
  }
  // Leaves the matches among some resources of the type (sorted), or of what WithinComposite
  // answered, if that was asked for.
  Status Filter(Numbers* candidates) { return FilterByOthers({&sorted_within_, 1}, candidates); }
  // Nothing is asked for but the type.
  bool HasNoConditions() const { return runs_.size() == 1 && all_of_type_ != nullptr; }
  // A composite whose rows hold the resources of one condition (of several the one that is likely
  // the rarest) in the order of the sort key; nullopt: there is none. Reads a few rows to find out.
  Result<std::optional<SortedWalk::Within>> WithinComposite(const SortKey& sort);
  // The condition on a parameter of which a resource has one value at most: nothing else matches.
  // nullptr: there is none.
  const Criterion* ConditionOn(layout::ParameterNumber parameter) const;
  // The matches of a page of `count` and, where it costs no more (or `with_total`), how many there
  // are in all.
  Result<Slice> Page(const NumberPosition& position, std::size_t count, bool with_total);

 private:
  static constexpr std::uint64_t kFirstWork = 16;  // On each clause, before the first decision.

  Status AddRun(const Clause& clause);
  // Once some work has shown that no clause is small: what follows from several of them (hints.h).
  Status AddHints();
  Status AddPairHints(ClauseRun* first);
  Status PrepareOnly(ClauseRun* run);
  // Conditions on the one value that resources have, joined to one.
  void JoinClauses();
  ClauseRun* SmallestComplete();
  Status AdvanceAll(std::uint64_t work);
  // Whether the resources of a clause are all there is to find.
  bool IsAlone() const { return runs_.size() == 1 && runs_.front()->HasOrder(); }
  Status StartWalk(const NumberPosition& position, std::unique_ptr<OrderedWalk>* walk);
  // Whether it is worth while to walk after so much work on each clause.
  bool ShouldWalk(std::uint64_t work) const;
  Status FilterByIndex(const ClauseRun* driver);
  // Leaves those for which all clauses but `known` hold.
  Status FilterByOthers(std::span<const ClauseRun* const> known, Numbers* candidates);
  bool HasOpenJoins(const ClauseRun* driver) const;
  // Of the clauses, in rows.
  std::uint64_t WorkDone() const;
  Result<Slice> PageOf(ClauseRun* driver, const NumberPosition& position, std::size_t count,
                       bool with_total);
  Status Walk(const NumberPosition& position, std::size_t count, std::uint64_t work,
              OrderedWalk* walk, Slice* slice);
  Status Keep(std::span<const ClauseRun* const> known, const NumberPosition& position,
              std::size_t count, Numbers candidates, Slice* slice);
  void Record(std::string operation, std::string_view parameter, std::uint64_t read,
              std::uint64_t kept);

  layout::View& view_;
  const Query& query_;
  Trace* trace_;
  Clause everything_;
  std::vector<Clause> clauses_;  // Of the query, joined.
  std::deque<Clause> hints_;
  bool hinted_ = false;
  const ClauseRun* all_of_type_ = nullptr;
  const ClauseRun* sorted_within_ = nullptr;  // Holds for all that a sorted walk comes by.
  std::vector<std::unique_ptr<ClauseRun>> runs_;
  // AllWithin's: the clause that drives and those that its resources were filtered by; what is
  // left.
  std::vector<const ClauseRun*> known_;
  Numbers left_;
  std::vector<const ClauseRun*> walked_;  // Whose resources a walk goes along.
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace strata::fhir::search
