#include "plugins/data_fhir/search/ordered_walk.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::search {

using layout::ResourceNumber;

OrderedWalk::OrderedWalk(layout::TypeNumber type, const std::vector<Criterion>& runs,
                         ResourceNumber position, bool backwards)
    : type_(type), position_(position), backwards_(backwards) {
  for (const Criterion& run : runs) {
    const std::string prefix = layout::IndexPrefix(type, run.parameter, *run.exact);
    std::string begin = layout::IndexKey(type, run.parameter, *run.exact, position);
    if (backwards) {
      // The row that the position lies in stands behind the range.
      runs_.push_back({RangeReader(prefix, std::move(begin), true),
                       run.parameter,
                       *run.exact,
                       position >= layout::kMaxResourceNumber,
                       {}});
    } else {
      begin.push_back('\0');
      runs_.push_back({RangeReader(std::move(begin), layout::PrefixEnd(prefix)),
                       run.parameter,
                       *run.exact,
                       true,
                       {}});
    }
  }
}

bool OrderedWalk::done() const {
  return std::all_of(runs_.begin(), runs_.end(),
                     [](const Run& run) { return run.reader.done() && run.waiting.empty(); });
}

std::uint64_t OrderedWalk::rows_read() const {
  std::uint64_t rows = 0;
  for (const Run& run : runs_) rows += run.reader.rows_read();
  return rows;
}

Status OrderedWalk::Fill(layout::View& view, std::uint64_t rows, Run* run) {
  const auto take = [&](std::string_view value, ResourceNumber n) {
    const bool behind = backwards_ ? n < position_ : n > position_;
    if (behind && value == run->value) run->waiting.push_back(n);
    return true;
  };
  if (!run->begun) {
    run->begun = true;
    RangeReader across(layout::IndexKey(type_, run->parameter, run->value, position_),
                       layout::PrefixEnd(layout::IndexPrefix(type_, run->parameter, run->value)));
    STRATA_RETURN_IF_ERROR(across.Read(view, 1, take));
    std::reverse(run->waiting.begin(), run->waiting.end());
  }
  return run->reader.Read(view, rows, take);
}

Result<Numbers> OrderedWalk::Next(layout::View& view, std::uint64_t rows) {
  const auto comes_first = [this](ResourceNumber a, ResourceNumber b) {
    return backwards_ ? a > b : a < b;
  };
  // How far every run has been read: numbers up to there are complete.
  bool bounded = false;
  ResourceNumber horizon = 0;
  for (Run& run : runs_) {
    if (!run.reader.done() && run.waiting.empty()) {
      STRATA_RETURN_IF_ERROR(Fill(view, rows, &run));
    }
    if (run.reader.done() || run.waiting.empty()) continue;
    if (!bounded || comes_first(run.waiting.back(), horizon)) horizon = run.waiting.back();
    bounded = true;
  }
  Numbers next;
  for (Run& run : runs_) {
    // A run of which nothing alive was found yet holds all others back.
    if (!run.reader.done() && run.waiting.empty()) return Numbers{};
  }
  for (Run& run : runs_) {
    const auto end = std::find_if(run.waiting.begin(), run.waiting.end(), [&](ResourceNumber n) {
      return bounded && comes_first(horizon, n);
    });
    next.insert(next.end(), run.waiting.begin(), end);
    run.waiting.erase(run.waiting.begin(), end);
  }
  std::sort(next.begin(), next.end(), comes_first);
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

}  // namespace strata::fhir::search
