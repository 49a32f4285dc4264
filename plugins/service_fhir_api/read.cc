#include <utility>

#include "core/base/datetime.h"
#include "core/base/json_writer.h"
#include "plugins/service_fhir_api/bundle.h"
#include "plugins/service_fhir_api/outcome.h"
#include "plugins/service_fhir_api/service.h"
#include "plugins/service_fhir_api/versions.h"

// read, vread, history and capabilities: FHIR R4 http.html#read, #vread, #history, #capabilities.
namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

// FNV-1a: a tag that changes with the content.
std::string ContentTag(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return std::to_string(hash);
}

// Conditional read: FHIR R4 http.html#cread.
void SetConditions(const Exchange& exchange, pb::ReadRequest* request) {
  if (const auto list = exchange.Header("if-none-match"); !list.empty()) {
    if (auto version = VersionOfEtag(list)) request->set_if_none_match_version_id(*version);
    return;  // If-Modified-Since gives way (RFC 9110 section 13.1.3)
  }
  if (const auto since = web::ParseHttpDate(exchange.Header("if-modified-since"))) {
    request->set_if_modified_since_us(*since);
  }
}

// Takes _summary and _elements; other parameters are refused or, leniently, left out of the query.
Status TakeSubset(Exchange& exchange, std::string_view allowed,
                  google::protobuf::RepeatedPtrField<pb::Parameter>* parameters) {
  const bool lenient = exchange.prefer.handling == HandlingPreference::kLenient;
  for (const auto& [name, value] : exchange.query) {
    if (name == "_summary" || name == "_elements") {
      pb::Parameter* parameter = parameters->Add();
      parameter->set_name(name);
      parameter->set_value(value);
    } else if (!lenient) {
      return MakeError(Code::kInvalidArgument, "not-supported",
                       "there is no such parameter here; allowed are " + std::string(allowed),
                       name);
    }
  }
  return {};
}

// _since, _at, _count, _summary and _elements of a history; the rest must not be there.
Status SetHistoryParameters(Exchange& exchange, pb::HistoryRequest* request) {
  if (const std::string since = exchange.TakeParameter("_since"); !since.empty()) {
    const auto time = web::ParseDateTime(since);
    if (!time) {
      return MakeError(Code::kInvalidArgument, "value", "_since is no instant", "_since");
    }
    request->set_since_us(time->begin_us);
  }
  if (const std::string at = exchange.TakeParameter("_at"); !at.empty()) {
    const auto time = web::ParseDateTime(at);
    if (!time) return MakeError(Code::kInvalidArgument, "value", "_at is no dateTime", "_at");
    request->set_at_begin_us(time->begin_us);
    request->set_at_end_us(time->end_us);
  }
  if (const std::string count = exchange.TakeParameter("_count"); !count.empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::uint32_t number, ParseCount(count));
    request->set_count(number);
  }
  return TakeSubset(exchange, "_since, _at, _count, _summary and _elements",
                    request->mutable_parameters());
}

void AppendRest(std::string_view rest, json::Writer* writer) {
  writer->Key("rest");
  if (rest.starts_with('[')) {
    writer->Raw(rest);
  } else {
    writer->BeginArray().Raw(rest).EndArray();
  }
}

// The record says what it does unless it is told to delete all matches.
void SayMultiple(std::string* rest) {
  constexpr std::string_view kSingle = R"("conditionalDelete":"single")";
  constexpr std::string_view kMultiple = R"("conditionalDelete":"multiple")";
  for (std::size_t at = rest->find(kSingle); at != std::string::npos;
       at = rest->find(kSingle, at)) {
    rest->replace(at, kSingle.size(), kMultiple);
  }
}

std::string CapabilityJson(const Exchange& exchange, const pb::DescribeResponse& record,
                           std::int64_t date_us) {
  std::string date;
  web::AppendInstant(date_us, &date);
  std::string out;
  json::Writer writer(&out);
  writer.BeginObject().Field("resourceType", "CapabilityStatement").Field("status", "active");
  writer.Field("date", date).Field("kind", "instance");
  writer.Key("software").BeginObject().Field("name", record.name());
  writer.Field("version", record.version()).EndObject();
  writer.Key("implementation").BeginObject().Field("description", "Strata FHIR R4 API");
  writer.Field("url", exchange.base).EndObject();
  writer.Field("fhirVersion", record.fhir_version().empty() ? "4.0.1" : record.fhir_version());
  writer.Key("format").BeginArray().String("application/fhir+json").String("json").EndArray();
  writer.Key("patchFormat").BeginArray().String("application/json-patch+json");
  writer.String("application/fhir+json").EndArray();
  if (!record.capability_rest_json().empty()) AppendRest(record.capability_rest_json(), &writer);
  writer.EndObject();
  return out;
}

}  // namespace

Result<std::uint32_t> ParseCount(std::string_view text) {
  std::uint32_t number = 0;
  if (text.empty() || text.size() > 9) number = UINT32_MAX;
  for (const char c : text) {
    if (c < '0' || c > '9' || number == UINT32_MAX) {
      return MakeError(Code::kInvalidArgument, "value", "_count is no number", "_count");
    }
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

void AddVersionHeaders(std::string_view version_id, std::int64_t last_updated_us,
                       Responder* responder) {
  if (!version_id.empty()) {
    responder->AddHeader("etag", "W/\"" + std::string(version_id) + "\"");
  }
  if (last_updated_us != 0) {
    std::string date;
    web::AppendHttpDate(last_updated_us, &date);
    responder->AddHeader("last-modified", std::move(date));
  }
}

Status FhirApiService::Read(Exchange& exchange) const {
  pb::ReadRequest request;
  request.set_type(exchange.target.type);
  request.set_id(exchange.target.id);
  request.set_version_id(exchange.target.version_id);
  STRATA_RETURN_IF_ERROR(
      TakeSubset(exchange, "_summary and _elements", request.mutable_parameters()));
  SetConditions(exchange, &request);
  pb::ReadResponse response;
  STRATA_RETURN_IF_ERROR(data_.Read(exchange.context, request, &response));
  pb::Resource& resource = *response.mutable_resource();
  AddVersionHeaders(resource.version_id(), resource.last_updated_us(), &exchange.responder);
  const std::string_view list = exchange.Header("if-none-match");
  if (response.not_modified() || (!list.empty() && EtagListNames(list, resource.version_id()))) {
    exchange.responder.SetStatus(304);
    exchange.responder.Finish();
    return {};
  }
  exchange.responder.Send(std::move(*resource.mutable_json()));
  return {};
}

Status FhirApiService::History(Exchange& exchange) const {
  pb::HistoryRequest request;
  request.set_type(exchange.target.type);
  request.set_id(exchange.target.id);
  request.set_page_token(exchange.TakeParameter(kPageParameter));
  const web::Parameters parameters = exchange.query;
  STRATA_RETURN_IF_ERROR(SetHistoryParameters(exchange, &request));
  BundleWriter bundle(exchange);
  std::string next;
  std::string previous;
  const auto on_part = [&](pb::HistoryResponse& part) {
    if (!bundle.begun()) bundle.Begin("history");
    for (const pb::Resource& resource : part.resources()) {
      if (!bundle.HistoryEntry(resource)) return false;
    }
    if (part.has_total()) bundle.SetTotal(part.total());
    next = part.next_page_token();
    previous = part.previous_page_token();
    return true;
  };
  STRATA_RETURN_IF_ERROR(data_.History(exchange.context, request, on_part));
  if (!bundle.begun()) bundle.Begin("history");
  bundle.AddLink("self", LinkUrl(exchange, parameters, request.page_token()));
  if (!next.empty()) bundle.AddLink("next", LinkUrl(exchange, parameters, next));
  if (!previous.empty()) bundle.AddLink("previous", LinkUrl(exchange, parameters, previous));
  bundle.Finish();
  return {};
}

Status FhirApiService::Metadata(Exchange& exchange) const {
  const std::string mode = exchange.TakeParameter("mode");
  if (!mode.empty() && mode != "full" && mode != "normative") {
    return MakeError(Code::kInvalidArgument, "not-supported",
                     "this server has no capabilities of that mode: use full or normative", "mode");
  }
  pb::DescribeResponse record;
  STRATA_RETURN_IF_ERROR(data_.Describe(exchange.context, {}, &record));
  if (config_.conditional_delete_multiple) SayMultiple(record.mutable_capability_rest_json());
  std::string statement = CapabilityJson(exchange, record, started_us_);
  const std::string tag = ContentTag(statement);
  exchange.responder.AddHeader("etag", "W/\"" + tag + "\"");
  if (EtagListNames(exchange.Header("if-none-match"), tag)) {
    exchange.responder.SetStatus(304);
    exchange.responder.Finish();
    return {};
  }
  exchange.responder.Send(std::move(statement));
  return {};
}

}  // namespace strata::fhir_api
