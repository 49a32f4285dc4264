#include <cstdint>
#include <utility>

#include "plugins/service_fhir_api/changes.h"
#include "plugins/service_fhir_api/outcome.h"
#include "plugins/service_fhir_api/service.h"
#include "plugins/service_fhir_api/versions.h"

// create, update, patch and delete with their conditional forms: FHIR R4 http.html#create to
// #delete, #concurrency.
namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

// One message carries a resource; the plugin edge limits messages to 4 MiB.
constexpr std::size_t kMaxResourceBytes = (std::size_t{4} << 20) - (std::size_t{64} << 10);

template <typename Request>
void AddCondition(const web::Parameters& condition, Request* request) {
  request->set_conditional(true);
  for (const auto& [name, value] : condition) {
    pb::Parameter* parameter = request->add_condition();
    parameter->set_name(name);
    parameter->set_value(value);
  }
}

// If-Match: one version, or "*" for any that exists. Lists are refused: FHIR gives them no meaning.
Status SetIfMatch(const Exchange& exchange, std::string* version_id) {
  const std::string_view header = exchange.Header("if-match");
  if (header.empty()) return {};
  if (header == "*") {
    *version_id = header;
    return {};
  }
  auto version = VersionOfEtag(header);
  if (!version) {
    return MakeError(Code::kInvalidArgument, "value", "If-Match takes one ETag, W/\"3\", or *",
                     "http.if-match");
  }
  *version_id = *std::move(version);
  return {};
}

// The search that a conditional interaction is about. A change to "whatever there is" is refused.
Status RequireCondition(const Exchange& exchange) {
  if (!exchange.query.empty()) return {};
  return MakeError(Code::kInvalidArgument, "required",
                   "without an id, say which resource is meant by search parameters");
}

bool IsJson(const Exchange& exchange) {
  return BodyKind(exchange.Header("content-type")) == Body::kJson;
}

Status RefuseContentType(Exchange& exchange) {
  return Refuse(exchange, 415, "send a resource as application/fhir+json");
}

// Body of a successful change, by the Prefer header (FHIR R4 http.html#ops).
std::string BodyOf(const Exchange& exchange, pb::WriteResponse* response) {
  switch (exchange.prefer.return_) {
    case Return::kMinimal:
      return {};
    case Return::kOutcome:
      return OutcomeJson(SuccessOutcome(*response));
    default:
      return std::move(*response->mutable_resource()->mutable_json());
  }
}

void Answer(Exchange& exchange, pb::WriteResponse* response) {
  const pb::Resource& resource = response->resource();
  Responder& responder = exchange.responder;
  responder.SetStatus(response->created() ? 201 : 200);
  AddVersionHeaders(resource.version_id(), resource.last_updated_us(), &responder);
  responder.AddHeader(response->created() ? "location" : "content-location",
                      exchange.Url(resource.type(), resource.id(), resource.version_id()));
  responder.Send(BodyOf(exchange, response));
}

}  // namespace

pb::Outcome SuccessOutcome(const pb::WriteResponse& response) {
  if (response.outcome().issues_size() > 0) return response.outcome();
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_INFORMATION);
  issue->set_code("informational");
  issue->set_diagnostics(response.created()     ? "created"
                         : response.unchanged() ? "nothing to change: no new version"
                                                : "updated");
  return outcome;
}

Status FhirApiService::Create(Exchange& exchange) const {
  if (!IsJson(exchange)) return RefuseContentType(exchange);
  pb::CreateRequest request;
  request.set_type(exchange.target.type);
  if (std::string_view search = exchange.Header("if-none-exist"); !search.empty()) {
    search.remove_prefix(search.starts_with('?') ? 1 : 0);
    const auto condition = web::ParseForm(search);
    if (!condition.ok() || condition->empty()) {
      return MakeError(Code::kInvalidArgument, "value",
                       "If-None-Exist takes search parameters: identifier=http://x|1",
                       "http.if-none-exist");
    }
    request.set_conditional(true);
    for (const auto& [name, value] : *condition) {
      pb::Parameter* parameter = request.add_if_none_exist();
      parameter->set_name(name);
      parameter->set_value(value);
    }
  }
  STRATA_ASSIGN_OR_RETURN(*request.mutable_json(), exchange.body.ReadAll(kMaxResourceBytes));
  request.set_request_id(ChangeId(exchange, request.json()));
  pb::WriteResponse response;
  STRATA_RETURN_IF_ERROR(data_.Create(exchange.context, request, &response));
  Answer(exchange, &response);
  return {};
}

Status FhirApiService::Update(Exchange& exchange) const {
  if (!IsJson(exchange)) return RefuseContentType(exchange);
  pb::UpdateRequest request;
  request.set_type(exchange.target.type);
  request.set_id(exchange.target.id);
  if (exchange.target.kind == Kind::kType) {
    STRATA_RETURN_IF_ERROR(RequireCondition(exchange));
    AddCondition(exchange.query, &request);
  }
  STRATA_RETURN_IF_ERROR(SetIfMatch(exchange, request.mutable_if_match_version_id()));
  request.set_if_none_match_any(exchange.Header("if-none-match") == "*");
  STRATA_ASSIGN_OR_RETURN(*request.mutable_json(), exchange.body.ReadAll(kMaxResourceBytes));
  request.set_request_id(ChangeId(exchange, request.json()));
  pb::WriteResponse response;
  STRATA_RETURN_IF_ERROR(data_.Update(exchange.context, request, &response));
  Answer(exchange, &response);
  return {};
}

Status FhirApiService::Patch(Exchange& exchange) const {
  pb::PatchRequest request;
  switch (BodyKind(exchange.Header("content-type"))) {
    case Body::kJsonPatch:
      request.set_format(pb::PatchRequest::FORMAT_JSON_PATCH);
      break;
    case Body::kJson:
      request.set_format(pb::PatchRequest::FORMAT_FHIRPATH_PATCH);
      break;
    default:
      return Refuse(exchange, 415,
                    "send a patch as application/json-patch+json, or a Parameters resource as "
                    "application/fhir+json");
  }
  request.set_type(exchange.target.type);
  request.set_id(exchange.target.id);
  if (exchange.target.kind == Kind::kType) {
    STRATA_RETURN_IF_ERROR(RequireCondition(exchange));
    AddCondition(exchange.query, &request);
  }
  STRATA_RETURN_IF_ERROR(SetIfMatch(exchange, request.mutable_if_match_version_id()));
  STRATA_ASSIGN_OR_RETURN(*request.mutable_patch(), exchange.body.ReadAll(kMaxResourceBytes));
  request.set_request_id(ChangeId(exchange, request.patch()));
  pb::WriteResponse response;
  STRATA_RETURN_IF_ERROR(data_.Patch(exchange.context, request, &response));
  Answer(exchange, &response);
  return {};
}

Status FhirApiService::Delete(Exchange& exchange) const {
  pb::DeleteRequest request;
  request.set_type(exchange.target.type);
  request.set_id(exchange.target.id);
  if (exchange.target.kind == Kind::kType) {
    STRATA_RETURN_IF_ERROR(RequireCondition(exchange));
    AddCondition(exchange.query, &request);
    request.set_multiple(config_.conditional_delete_multiple);
  }
  STRATA_RETURN_IF_ERROR(SetIfMatch(exchange, request.mutable_if_match_version_id()));
  request.set_request_id(ChangeId(exchange, {}));
  pb::DeleteResponse response;
  STRATA_RETURN_IF_ERROR(data_.Delete(exchange.context, request, &response));
  AddVersionHeaders(response.version_id(), response.last_updated_us(), &exchange.responder);
  if (exchange.prefer.return_ != Return::kOutcome) {
    exchange.responder.SetStatus(204);
    exchange.responder.Finish();
    return {};
  }
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_INFORMATION);
  issue->set_code("informational");
  issue->set_diagnostics("deleted: " + std::to_string(response.deleted()));
  exchange.responder.Send(OutcomeJson(outcome));
  return {};
}

}  // namespace strata::fhir_api
