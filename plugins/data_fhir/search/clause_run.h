#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/resource_check.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

class JoinRun;

// What was done, for Explain.
struct ExecutedStep {
  std::string operation;
  std::string parameter;
  std::uint64_t rows_read = 0;
  std::uint64_t rows_kept = 0;
  double microseconds = 0;
};
using Trace = std::vector<ExecutedStep>;

// One clause at work: it reads its index ranges piece by piece, so that of several clauses the
// smallest is found without reading the others, and it tells for given resources whether it holds.
// "Found" is always the positive side; a negated clause (:not) is turned round by Filter.
// Single-threaded.
class ClauseRun {
 public:
  // `numbers`: resources that its ids name (sorted).
  ClauseRun(layout::View& view, layout::TypeNumber type, const Clause& clause, Numbers numbers,
            Trace* trace);
  ~ClauseRun();

  const Clause& clause() const { return clause_; }
  bool negated() const { return clause_.negated; }
  std::uint64_t rows_read() const { return rows_read_; }
  // What telling for resources took, in rows, beside those that were read.
  std::uint64_t work_beside() const { return work_beside_; }
  // What reading its ranges took so far, in rows: a run of many resources counts for more than one.
  std::uint64_t work() const;
  // Which part of the resources that it has gone past it found, about: what it read tells.
  double density() const;
  // All its joins are resolved.
  bool is_open() const { return open_; }
  // Places of the index that it has to read at, at least.
  std::size_t places() const { return spans_.size() - at_; }
  // How it compares with other clauses before anything is known: what is likely small first.
  int rank() const;
  static constexpr int kHintRank = 1;
  static constexpr int kReferenceRank = 2;
  // It stands for single values, which the index tells of any resource.
  bool IsOneOfValues() const;

  // Finds out for which few values it stands, by a few seeks, if that can be.
  Status Narrow();
  // Whether its resources can be had in order of number without reading all of them.
  bool HasOrder() const;

  // Reads on until `work` is done. RESOURCE_EXHAUSTED: kMaxHeld resources found and more.
  Status Advance(std::uint64_t work);
  // All was read; found() is sorted then.
  bool complete() const { return complete_; }
  const Numbers& found() const { return found_; }
  // found() may hold resources that only a look at them excludes.
  bool needs_look() const { return needs_look_; }

  // How many resources it finds, counted without holding them. false: that takes more than reading
  // the rows of one value.
  Result<bool> Count(std::uint64_t* count);

  // Leaves those of `candidates` (sorted) for which the clause holds, by whatever costs less.
  Status Filter(Numbers* candidates);
  // The same, if what was read and the rows of single values tell. false: they do not.
  Result<bool> FilterByIndex(Numbers* candidates);

  // The values whose runs, merged, are the clause's resources in order; nullopt when it has no such
  // form or too many values. Reads a few rows to find out.
  Result<std::optional<std::vector<Criterion>>> OrderedRuns();

 private:
  struct Span {
    std::size_t criterion;
    RangeReader reader;
  };
  // The clause as criteria and numbers, once all its joins are resolved.
  void Open();
  Status Resolve(std::uint64_t work);
  Status FilterByJoins(Numbers* candidates);
  Status NarrowOne(const Criterion& criterion, std::vector<Criterion>* narrowed, bool* all);
  Status NarrowSpan(const Criterion& criterion, const ValueSpan& span,
                    std::vector<Criterion>* narrowed, std::size_t* values);
  bool IsPoints() const;
  bool IsReference() const;
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
  std::vector<std::unique_ptr<JoinRun>> joins_;
  bool open_ = false;
  std::vector<Span> spans_;
  std::size_t at_ = 0;
  Numbers found_;
  std::uint64_t rows_read_ = 0;
  std::uint64_t scanned_ = 0;  // Those of its ranges.
  std::uint64_t work_beside_ = 0;
  std::uint64_t asked_ = 0;         // Candidates of all calls of Filter.
  std::uint64_t resolve_from_ = 0;  // So many are to be asked before joins are tried again.
  bool complete_ = false;
  bool needs_look_ = false;
  bool narrowed_ = false;
  // The criteria as single values, when there are few.
  std::optional<std::vector<Criterion>> narrowed_criteria_;
};

}  // namespace strata::fhir::search
