#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/search/scan.h"
#include "plugins/data_fhir/subset/subset.h"
#include "strata/data/v1/data.pb.h"

// Search (FHIR R4 search.html) over a view of the store. Every function blocks and is
// single-threaded per view. Errors: INVALID_ARGUMENT with an Outcome that names what is wrong and
// what is allowed; NOT_FOUND no such resource type; RESOURCE_EXHAUSTED with an Outcome when the
// search leads through too much; what the view answers (DEADLINE_EXCEEDED, CANCELLED, ...).
namespace strata::fhir::search {

struct Page {
  Numbers matches;   // In the order of the answer.
  Numbers included;  // By _include and _revinclude.
  // Where the pages beside this one begin, for the caller to seal; empty: there is none.
  std::string next;
  std::string previous;
  std::optional<std::uint64_t> total;
  google::protobuf::RepeatedPtrField<data::v1::Parameter> used;
  data::v1::Outcome warnings;
  subset::Subset subset;  // Which parts of the resources are asked for.
};

struct Options {
  std::int64_t now_us = 0;  // What prefix ap measures from.
  // Page::next or Page::previous of the same search, opened; empty for the first page. The view
  // must be of the moment that MomentOf says.
  std::string_view position;
};

Result<Page> Execute(layout::View& view, const data::v1::SearchRequest& request,
                     const Options& options);

// The moment (View::as_of) that a position belongs to.
Result<std::uint64_t> MomentOf(std::string_view position);

// Carries the search out and tells how.
Result<data::v1::ExplainResponse> Explain(layout::View& view,
                                          const data::v1::SearchRequest& request,
                                          const Options& options);

// For conditional interactions: matches in order of number, `limit` at most. INVALID_ARGUMENT also
// when no parameter restricts the search.
Result<Numbers> Find(layout::View& view, std::string_view type,
                     std::span<const data::v1::Parameter> parameters, std::size_t limit,
                     std::int64_t now_us);

}  // namespace strata::fhir::search
