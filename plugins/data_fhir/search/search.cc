#include "plugins/data_fhir/search/search.h"

#include <algorithm>
#include <iomanip>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/includes.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/pager.h"
#include "plugins/data_fhir/search/plan.h"
#include "plugins/data_fhir/search/position.h"

namespace strata::fhir::search {
namespace {

using data::v1::ExplainResponse;
using data::v1::SearchRequest;

// The page of all queries together: what each of them has for it, merged.
Result<PageRows> ReadPages(layout::View& view, const Plan& plan,
                           const std::optional<Position>& position, Trace* trace) {
  if (plan.queries.size() == 1) return ReadPage(view, plan.queries.front(), position, trace);
  const bool backwards = position && position->number.backwards;
  PageRows page;
  page.total = 0;
  for (const Query& query : plan.queries) {
    STRATA_ASSIGN_OR_RETURN(PageRows part, ReadPage(view, query, position, trace));
    page.rows.insert(page.rows.end(), std::make_move_iterator(part.rows.begin()),
                     std::make_move_iterator(part.rows.end()));
    page.before = page.before || part.before;
    page.behind = page.behind || part.behind;
    if (!part.total) page.total.reset();
    if (page.total) *page.total += *part.total;
  }
  std::sort(page.rows.begin(), page.rows.end(), [&](const SortRow& a, const SortRow& b) {
    return ComesBefore(plan.shape().sort, a, b);
  });
  if (plan.shape().total == Total::kNone) page.total.reset();
  if (page.rows.size() <= plan.shape().count) return page;
  const auto excess = static_cast<std::ptrdiff_t>(page.rows.size() - plan.shape().count);
  if (backwards) {
    page.rows.erase(page.rows.begin(), page.rows.begin() + excess);
    page.before = true;
  } else {
    page.rows.erase(page.rows.end() - excess, page.rows.end());
    page.behind = true;
  }
  return page;
}

std::string PositionAt(const layout::View& view, const SortRow& row, bool backwards) {
  return EncodePosition({view.as_of(), {row.n, backwards}, row.keys});
}

Result<std::optional<Position>> PositionOf(const layout::View& view, const Plan& plan,
                                           std::string_view bytes) {
  if (bytes.empty()) return std::optional<Position>();
  STRATA_ASSIGN_OR_RETURN(Position position, DecodePosition(bytes));
  if (position.as_of != view.as_of() || position.keys.size() != plan.shape().sort.size()) {
    return SearchFault(Code::kInvalidArgument, "invalid",
                       "the page token belongs to another search");
  }
  return std::optional<Position>(std::move(position));
}

Result<Page> Run(layout::View& view, const SearchRequest& request, const Options& options,
                 Trace* trace) {
  STRATA_ASSIGN_OR_RETURN(const Plan plan, Understand(view, request, options.now_us));
  STRATA_ASSIGN_OR_RETURN(const auto position, PositionOf(view, plan, options.position));
  STRATA_ASSIGN_OR_RETURN(const PageRows rows, ReadPages(view, plan, position, trace));
  Page page;
  for (const data::v1::Parameter& parameter : plan.used) *page.used.Add() = parameter;
  page.warnings = plan.warnings;
  page.subset = plan.shape().subset;
  page.total = rows.total;
  if (rows.rows.empty()) return page;
  for (const SortRow& row : rows.rows) page.matches.push_back(row.n);
  if (rows.before) page.previous = PositionAt(view, rows.rows.front(), /*backwards=*/true);
  if (rows.behind) page.next = PositionAt(view, rows.rows.back(), /*backwards=*/false);
  STRATA_ASSIGN_OR_RETURN(page.included, Included(view, plan.shape(), page.matches));
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
  STRATA_ASSIGN_OR_RETURN(const Plan plan, Understand(view, request, now_us));
  const Query& query = plan.shape();
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
