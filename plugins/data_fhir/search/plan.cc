#include "plugins/data_fhir/search/plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using data::v1::SearchRequest;

constexpr std::string_view kTypeParameter = "_type";
// What every type has, as if it were a type.
constexpr std::string_view kAnyResource = "Resource";
constexpr std::string_view kAnyDomainResource = "DomainResource";

// The types of which the store holds something: one seek for each.
Result<std::vector<std::string>> StoredTypes(layout::View& view) {
  std::vector<std::string> types;
  std::string begin = layout::IndexPrefix(1, 0);
  const std::string end(1, static_cast<char>(static_cast<char>(layout::RowKind::kIndex) + 1));
  while (true) {
    layout::TypeNumber type = 0;
    const auto first = [&](const layout::StoredRow& row) {
      layout::IndexKeyParts parts;
      if (layout::ParseIndexKey(row.key, &parts)) type = parts.type;
      return false;
    };
    STRATA_RETURN_IF_ERROR(view.Scan(begin, end, {.keys_only = true, .limit = 1}, first));
    if (type == 0) return types;
    types.emplace_back(layout::TypeNameOf(type));
    if (type == 0xFF) return types;
    begin = layout::IndexPrefix(static_cast<layout::TypeNumber>(type + 1), 0);
  }
}

class PlanBuilder {
 public:
  PlanBuilder(const SearchRequest& request, ParseContext* context)
      : request_(request), context_(context) {}

  Result<Plan> OneType() {
    Plan plan;
    const auto taken = Parse(request_.type(), &plan.queries.emplace_back(), /*compartment=*/true);
    STRATA_RETURN_IF_ERROR(taken.status());
    STRATA_RETURN_IF_ERROR(Judge(&plan));
    STRATA_RETURN_IF_ERROR(CheckTogether(plan.shape()));
    return plan;
  }

  Result<Plan> ManyTypes() {
    Plan plan;
    context_->many_types = true;
    STRATA_RETURN_IF_ERROR(ReadTypes());
    std::vector<std::string> probes = types_;
    if (probes.empty()) probes.emplace_back(Probe());
    for (const std::string& type : probes) {
      plan.nothing = Query();
      STRATA_RETURN_IF_ERROR(Parse(type, &plan.nothing, /*compartment=*/false).status());
    }
    STRATA_RETURN_IF_ERROR(Judge(&plan));
    STRATA_RETURN_IF_ERROR(CheckTogether(plan.nothing));
    if (types_.empty()) {
      STRATA_ASSIGN_OR_RETURN(types_, StoredTypes(*context_->view));
    }
    for (const std::string& type : types_) {
      Query query;
      const std::set<int> refused = refused_;
      STRATA_ASSIGN_OR_RETURN(const bool searched, Parse(type, &query, /*compartment=*/true));
      // What a few types do not have (_text of a Binary) they cannot match.
      if (searched && refused_ == refused) plan.queries.push_back(std::move(query));
      refused_ = refused;
    }
    return plan;
  }

 private:
  bool HasParameter(std::string_view name) const {
    return std::any_of(request_.parameters().begin(), request_.parameters().end(),
                       [&](const data::v1::Parameter& p) { return p.name() == name; });
  }

  std::string_view Probe() const {
    return HasParameter("_text") ? kAnyDomainResource : kAnyResource;
  }

  // _type; several of them: what all of them name.
  Status ReadTypes() {
    bool first = true;
    for (int i = 0; i < request_.parameters_size(); ++i) {
      const data::v1::Parameter& parameter = request_.parameters(i);
      if (parameter.name() != kTypeParameter) continue;
      std::vector<std::string> listed;
      for (const std::string_view type : SplitEscaped(parameter.value(), ',')) {
        if (layout::TypeNumberOf(type) == 0) {
          issues_.Add("invalid", kTypeParameter, "_type should be resource types, e.g. Patient");
          refused_.insert(i);
        } else if (std::find(listed.begin(), listed.end(), type) == listed.end()) {
          listed.emplace_back(type);
        }
      }
      if (first) {
        types_ = std::move(listed);
      } else {
        std::erase_if(types_, [&](const std::string& type) {
          return std::find(listed.begin(), listed.end(), type) == listed.end();
        });
      }
      first = false;
    }
    if (!first && types_.empty() && request_.handling() != data::v1::HANDLING_LENIENT) {
      if (issues_.empty()) {
        issues_.Add("invalid", kTypeParameter, "no resource type is left to search");
      }
      return issues_.AsError();
    }
    return {};
  }

  // Takes what all parameters say of one type that no type has refused so far. false: no resource
  // of that type can be in the answer.
  Result<bool> Parse(std::string_view type, Query* query, bool compartment) {
    query->count = kDefaultPage;
    Issues issues;
    QueryParser parser(type, context_, &issues, query);
    if (compartment && !request_.compartment_type().empty() &&
        !parser.AddCompartment(request_.compartment_type(), request_.compartment_id())) {
      if (request_.type().empty()) return false;
      return issues.AsError();
    }
    for (int i = 0; i < request_.parameters_size(); ++i) {
      const data::v1::Parameter& parameter = request_.parameters(i);
      if (refused_.contains(i) || IsTypeList(parameter)) continue;
      if (!parser.Add(parameter.name(), parameter.value())) refused_.insert(i);
      STRATA_RETURN_IF_ERROR(context_->failure);
    }
    issues_.Append(issues);
    return true;
  }

  bool IsTypeList(const data::v1::Parameter& parameter) const {
    return request_.type().empty() && parameter.name() == kTypeParameter;
  }

  // Strict handling refuses what lenient handling leaves out and says.
  Status Judge(Plan* plan) {
    if (!issues_.empty()) {
      if (request_.handling() != data::v1::HANDLING_LENIENT) return issues_.AsError();
      issues_.AppendWarnings(&plan->warnings);
      issues_.Clear();
    }
    for (int i = 0; i < request_.parameters_size(); ++i) {
      if (!refused_.contains(i)) plan->used.push_back(request_.parameters(i));
    }
    return {};
  }

  // FHIR R4 search.html#summary
  static Status CheckTogether(const Query& query) {
    if (query.subset.summary() != subset::Summary::kText || query.includes.empty()) return {};
    return SearchFault(Code::kInvalidArgument, "invalid",
                       "_include and _revinclude cannot be mixed with _summary=text");
  }

  const SearchRequest& request_;
  ParseContext* context_;
  std::vector<std::string> types_;
  Issues issues_;
  std::set<int> refused_;  // Indexes of parameters.
};

}  // namespace

Result<Plan> Understand(layout::View& view, const SearchRequest& request, std::int64_t now_us) {
  ParseContext context(view, now_us, request.base_url());
  PlanBuilder builder(request, &context);
  if (request.type().empty()) return builder.ManyTypes();
  if (layout::TypeNumberOf(request.type()) == 0) {
    return SearchFault(Code::kNotFound, "not-supported",
                       "there is no resource type '" + request.type() + "'");
  }
  return builder.OneType();
}

}  // namespace strata::fhir::search
