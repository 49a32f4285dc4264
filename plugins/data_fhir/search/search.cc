#include "plugins/data_fhir/search/search.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <utility>
#include <vector>

#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/includes.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/position.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/sorting.h"

namespace strata::fhir::search {
namespace {

using data::v1::ExplainResponse;
using data::v1::SearchRequest;

// A page of the results and the positions beside it.
class Pager {
 public:
  Pager(layout::View& view, const Query& query, const std::optional<Position>& position,
        Trace* trace)
      : view_(view), query_(query), position_(position), trace_(trace) {}

  Status Fill(Page* page) {
    Execution execution(view_, query_, trace_);
    STRATA_RETURN_IF_ERROR(execution.Prepare());
    if (query_.count == 0) {
      STRATA_ASSIGN_OR_RETURN(const Numbers all, execution.All());
      if (query_.total != Total::kNone) page->total = all.size();
      return {};
    }
    return query_.sort.empty() ? ByNumber(execution, page) : BySortKeys(execution, page);
  }

 private:
  Status ByNumber(Execution& execution, Page* page) {
    const NumberPosition start = position_ ? position_->number : NumberPosition{};
    const bool with_total = query_.total == Total::kAccurate || query_.total == Total::kEstimate;
    STRATA_ASSIGN_OR_RETURN(Slice slice, execution.Page(start, query_.count, with_total));
    if (start.backwards) std::reverse(slice.numbers.begin(), slice.numbers.end());
    page->matches = std::move(slice.numbers);
    if (query_.total != Total::kNone) page->total = slice.total;
    if (page->matches.empty()) return {};
    const bool before = start.backwards ? slice.more : position_.has_value();
    const bool behind = start.backwards || slice.more;
    if (before) page->previous = At({page->matches.front(), true}, {});
    if (behind) page->next = At({page->matches.back(), false}, {});
    return {};
  }

  Status BySortKeys(Execution& execution, Page* page) {
    STRATA_ASSIGN_OR_RETURN(const Numbers all, execution.All());
    STRATA_ASSIGN_OR_RETURN(const std::vector<SortRow> rows, Sorted(view_, query_, all));
    if (query_.total != Total::kNone) page->total = rows.size();
    auto begin = rows.begin();
    auto end = rows.end();
    if (position_) {
      const SortRow here{position_->number.after, position_->keys};
      const auto before = [&](const SortRow& a, const SortRow& b) {
        return ComesBefore(query_.sort, a, b);
      };
      if (position_->number.backwards) {
        end = std::lower_bound(rows.begin(), rows.end(), here, before);
        if (end - begin > query_.count) begin = end - query_.count;
      } else {
        begin = std::upper_bound(rows.begin(), rows.end(), here, before);
      }
    }
    if (end - begin > query_.count) end = begin + query_.count;
    for (auto row = begin; row != end; ++row) page->matches.push_back(row->n);
    if (begin == end) return {};
    if (begin != rows.begin()) page->previous = At({begin->n, true}, begin->keys);
    if (end != rows.end()) page->next = At({(end - 1)->n, false}, (end - 1)->keys);
    return {};
  }

  std::string At(NumberPosition number, std::vector<std::string> keys) const {
    return EncodePosition({view_.as_of(), number, std::move(keys)});
  }

  layout::View& view_;
  const Query& query_;
  const std::optional<Position>& position_;
  Trace* trace_;
};

Result<Page> Run(layout::View& view, const SearchRequest& request, const Options& options,
                 Trace* trace) {
  STRATA_ASSIGN_OR_RETURN(const Query query, ParseQuery(request, options.now_us));
  std::optional<Position> position;
  if (!options.position.empty()) {
    STRATA_ASSIGN_OR_RETURN(position, DecodePosition(options.position));
    if (position->as_of != view.as_of() || position->keys.size() != query.sort.size()) {
      return SearchFault(Code::kInvalidArgument, "invalid",
                         "the page token belongs to another search");
    }
  }
  Page page;
  for (const data::v1::Parameter& parameter : query.used) *page.used.Add() = parameter;
  page.warnings = query.warnings;
  STRATA_RETURN_IF_ERROR(Pager(view, query, position, trace).Fill(&page));
  STRATA_ASSIGN_OR_RETURN(page.included, Included(view, query, page.matches));
  return page;
}

std::string AsText(const Trace& trace) {
  std::ostringstream text;
  for (const ExecutedStep& step : trace) {
    text << step.operation << " " << step.parameter << ": " << step.rows_read << " rows read, "
         << step.rows_kept << " resources left, " << std::fixed << std::setprecision(0)
         << step.microseconds << " us\n";
  }
  return text.str();
}

}  // namespace

Result<Page> Execute(layout::View& view, const SearchRequest& request, const Options& options) {
  return Run(view, request, options, nullptr);
}

Result<std::uint64_t> MomentOf(std::string_view position) {
  STRATA_ASSIGN_OR_RETURN(const Position decoded, DecodePosition(position));
  return decoded.as_of;
}

Result<ExplainResponse> Explain(layout::View& view, const SearchRequest& request,
                                const Options& options) {
  Trace trace;
  STRATA_ASSIGN_OR_RETURN(const Page page, Run(view, request, options, &trace));
  ExplainResponse response;
  for (const ExecutedStep& step : trace) {
    data::v1::PlanStep* out = response.add_steps();
    out->set_operation(step.operation);
    out->set_parameter(step.parameter);
    out->set_rows_read(step.rows_read);
    out->set_rows_kept(step.rows_kept);
    out->set_microseconds(step.microseconds);
  }
  response.set_text(AsText(trace));
  return response;
}

Result<Numbers> Find(layout::View& view, std::string_view type,
                     std::span<const data::v1::Parameter> parameters, std::size_t limit,
                     std::int64_t now_us) {
  SearchRequest request;
  request.set_type(std::string(type));
  for (const data::v1::Parameter& parameter : parameters) *request.add_parameters() = parameter;
  STRATA_ASSIGN_OR_RETURN(const Query query, ParseQuery(request, now_us));
  if (query.clauses.empty()) {
    return SearchFault(Code::kInvalidArgument, "required",
                       "a condition needs at least one search parameter");
  }
  Execution execution(view, query, nullptr);
  STRATA_RETURN_IF_ERROR(execution.Prepare());
  STRATA_ASSIGN_OR_RETURN(Slice slice, execution.Page({}, limit, /*with_total=*/false));
  return std::move(slice.numbers);
}

}  // namespace strata::fhir::search
