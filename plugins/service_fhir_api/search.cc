#include <utility>

#include "core/base/json_writer.h"
#include "plugins/service_fhir_api/bundle.h"
#include "plugins/service_fhir_api/outcome.h"
#include "plugins/service_fhir_api/service.h"

// Search by GET and by POST (FHIR R4 http.html#search, search.html) and operations
// (operations.html).
namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

constexpr std::size_t kMaxFormBytes = std::size_t{1} << 20;

template <typename Request>
void AddParameters(const web::Parameters& parameters, Request* request) {
  for (const auto& [name, value] : parameters) {
    pb::Parameter* parameter = request->add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
}

// What the answer says about itself, of which the last message of the stream has the final word.
struct PageInfo {
  web::Parameters used;
  std::string next;
  std::string previous;
};

void Collect(const pb::SearchResponse& part, PageInfo* info) {
  for (const pb::Parameter& parameter : part.used()) {
    info->used.emplace_back(parameter.name(), parameter.value());
  }
  info->next = part.next_page_token();
  info->previous = part.previous_page_token();
}

// How the search is carried out, as Parameters: `text` for people, a `step` for each step.
std::string ExplainedJson(const pb::ExplainResponse& explained) {
  std::string out;
  json::Writer writer(&out);
  const auto count = [&](std::string_view name, std::uint64_t value) {
    writer.BeginObject().Field("name", name).Key("valueDecimal");
    writer.Raw(std::to_string(value)).EndObject();
  };
  writer.BeginObject().Field("resourceType", "Parameters").Key("parameter").BeginArray();
  writer.BeginObject().Field("name", "text").Field("valueString", explained.text()).EndObject();
  for (const pb::PlanStep& step : explained.steps()) {
    writer.BeginObject().Field("name", "step").Key("part").BeginArray();
    writer.BeginObject().Field("name", "operation").Field("valueString", step.operation());
    writer.EndObject();
    if (!step.parameter().empty()) {
      writer.BeginObject().Field("name", "parameter").Field("valueString", step.parameter());
      writer.EndObject();
    }
    count("rowsRead", step.rows_read());
    count("rowsKept", step.rows_kept());
    count("microseconds", static_cast<std::uint64_t>(step.microseconds()));
    writer.EndArray().EndObject();
  }
  writer.EndArray().EndObject();
  return out;
}

}  // namespace

Status FhirApiService::Explain(Exchange& exchange, const pb::SearchRequest& request) const {
  pb::ExplainResponse explained;
  STRATA_RETURN_IF_ERROR(data_.Explain(exchange.context, request, &explained));
  exchange.responder.Send(ExplainedJson(explained));
  return {};
}

Status FhirApiService::Search(Exchange& exchange) const {
  pb::SearchRequest request;
  const std::string explain = exchange.TakeParameter("_explain");
  request.set_type(exchange.target.type);
  request.set_compartment_type(exchange.target.compartment_type);
  request.set_compartment_id(exchange.target.compartment_id);
  request.set_base_url(exchange.base);
  request.set_page_token(exchange.TakeParameter(kPageParameter));
  request.set_handling(exchange.prefer.handling == HandlingPreference::kLenient
                           ? pb::HANDLING_LENIENT
                           : pb::HANDLING_STRICT);
  AddParameters(exchange.query, &request);
  if (explain == "true") return Explain(exchange, request);
  if (!explain.empty() && explain != "false") {
    return MakeError(Code::kInvalidArgument, "value", "_explain should be true or false",
                     "_explain");
  }

  BundleWriter bundle(exchange);
  PageInfo info;
  pb::Outcome outcome;
  const auto on_part = [&](pb::SearchResponse& part) {
    if (!bundle.begun()) bundle.Begin("searchset");
    for (const pb::SearchEntry& entry : part.entries()) {
      if (!bundle.SearchEntry(entry)) return false;
    }
    if (part.has_total()) bundle.SetTotal(part.total());
    outcome.MergeFrom(part.outcome());
    Collect(part, &info);
    return true;
  };
  STRATA_RETURN_IF_ERROR(data_.Search(exchange.context, request, on_part));
  if (!bundle.begun()) bundle.Begin("searchset");
  if (outcome.issues_size() > 0) bundle.OutcomeEntry(outcome);
  // The self link shows what was used, not what was asked (FHIR R4 search.html#conformance).
  bundle.AddLink("self", LinkUrl(exchange, info.used, request.page_token()));
  if (!info.next.empty()) bundle.AddLink("next", LinkUrl(exchange, exchange.query, info.next));
  if (!info.previous.empty()) {
    bundle.AddLink("previous", LinkUrl(exchange, exchange.query, info.previous));
  }
  bundle.Finish();
  return {};
}

Status FhirApiService::SearchByPost(Exchange& exchange) const {
  const Body kind = BodyKind(exchange.Header("content-type"));
  if (kind != Body::kForm && kind != Body::kNone) {
    return Refuse(exchange, 415, "a search is posted as application/x-www-form-urlencoded");
  }
  STRATA_ASSIGN_OR_RETURN(const std::string text, exchange.body.ReadAll(kMaxFormBytes));
  auto form = web::ParseForm(text);
  if (!form.ok()) return MakeError(Code::kInvalidArgument, "invalid", form.status().message());
  for (auto& parameter : *form) exchange.query.push_back(std::move(parameter));
  return Search(exchange);
}

}  // namespace strata::fhir_api
