#include "plugins/data_fhir/service/searcher.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::service {
namespace {

Status NoSearch() {
  return store::Fault(Code::kUnimplemented, "not-supported", "this build has no search engine");
}

}  // namespace

bool IsSearchable(const model::SearchParameter&) { return false; }

Result<std::vector<layout::ResourceNumber>> FindMatches(layout::View&, std::string_view,
                                                        const store::Parameters&, std::size_t,
                                                        std::int64_t) {
  return NoSearch();
}

Status Search(store::Store&, const Context&, const data::v1::SearchRequest&,
              FunctionRef<bool(data::v1::SearchResponse&)>) {
  return NoSearch();
}

Status SearchAll(store::Store&, const Context&, const data::v1::SearchRequest&,
                 data::v1::SearchResponse*) {
  return NoSearch();
}

Status Explain(store::Store&, const Context&, const data::v1::SearchRequest&,
               data::v1::ExplainResponse*) {
  return NoSearch();
}

}  // namespace strata::fhir::service
