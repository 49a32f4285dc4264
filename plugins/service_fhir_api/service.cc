#include "plugins/service_fhir_api/service.h"

#include <utility>

#include "plugins/service_fhir_api/outcome.h"

namespace strata::fhir_api {
namespace {

namespace pb = service::v1;

Config MustParse(std::string_view json_text) {
  auto config = ParseConfig(json_text);
  if (!config.ok()) throw StatusError(config.status());
  return *std::move(config);
}

// Answers a failure; once the answer has begun, the failure can only end the exchange.
Status SendError(const Status& status, Responder& responder) {
  if (responder.started()) return status;
  responder.Reset();
  const int http_status = HttpStatus(status);
  responder.SetStatus(static_cast<std::uint32_t>(http_status));
  if (http_status == 503 || http_status == 429) responder.AddHeader("retry-after", "1");
  responder.Send(OutcomeJson(status));
  return {};
}

Status AnswerMethod(Exchange& exchange) {
  const std::string allowed(AllowedMethods(exchange.target.kind));
  exchange.responder.AddHeader("allow", allowed);
  if (exchange.head.method() != "OPTIONS") {
    return Refuse(exchange, 405, "this address answers " + allowed);
  }
  exchange.responder.SetStatus(204);
  exchange.responder.Finish();
  return {};
}

}  // namespace

FhirApiService::FhirApiService(Host host, std::string_view config_json)
    : host_(host),
      config_(MustParse(config_json)),
      data_(host, "record"),
      started_us_(host.NowUs()) {}

Status FhirApiService::Describe(Context& /*context*/, const pb::DescribeRequest& /*request*/,
                                pb::DescribeResponse* response) {
  response->set_title("FHIR R4 API");
  pb::Route* route = response->add_routes();
  route->set_path(config_.path);
  for (const char* scope : {"patient/*.rs", "user/*.rs", "system/*.rs", "patient/*.cruds",
                            "user/*.cruds", "system/*.cruds"}) {
    route->add_scopes(scope);
  }
  route->set_max_body_bytes(config_.max_body_bytes);
  return {};
}

Status FhirApiService::Handle(Context& context, Reader<pb::HandleRequest>& reader,
                              Writer<pb::HandleResponse>& writer) {
  pb::HandleRequest first;
  STRATA_ASSIGN_OR_RETURN(const bool any, reader.Read(&first));
  if (!any || !first.has_head()) return InvalidArgument("an exchange starts with a head");
  const pb::HttpRequestHead head = std::move(*first.mutable_head());
  BodyReader body(reader, std::move(first), config_.max_body_bytes);

  Responder responder(writer, {/*pretty=*/false, AcceptsGzip(FindHeader(head, "accept-encoding")),
                               config_.gzip_min_bytes});
  Exchange exchange{context, head, body, responder, {}, {}, {}, {}, {}, {}};
  Status status;
  try {
    status = Negotiate(exchange);
    if (status.ok()) status = Dispatch(exchange);
  } catch (const StatusError& error) {
    status = error.status();  // a body that broke while the layer below was reading it
  }
  return status.ok() ? status : SendError(status, responder);
}

Status FhirApiService::Negotiate(Exchange& exchange) const {
  const pb::HttpRequestHead& head = exchange.head;
  const std::string_view route = head.route().empty() ? config_.path : head.route();
  std::string_view path = head.path();
  if (path.starts_with(route)) path.remove_prefix(route.size());
  exchange.target = ParseTarget(path);
  exchange.base = head.scheme() + "://" + head.authority() + std::string(route);
  exchange.prefer = ParsePrefer(exchange.Header("prefer"));

  if (!head.query().empty()) {
    auto query = web::ParseForm(head.query());
    if (!query.ok()) return MakeError(Code::kInvalidArgument, "invalid", query.status().message());
    exchange.query = *std::move(query);
  }
  exchange.responder.SetPretty(exchange.TakeParameter("_pretty") == "true");
  const std::string format = exchange.TakeParameter("_format");
  exchange.format =
      format.empty() ? AcceptedFormat(exchange.Header("accept")) : NamedFormat(format);
  const std::string_view encoding = exchange.Header("content-encoding");
  exchange.encoding_known = encoding.empty() || encoding == "identity";
  if (encoding == "gzip" || encoding == "x-gzip") {
    exchange.body.ExpectGzip();
    exchange.encoding_known = true;
  }
  return {};
}

Status FhirApiService::Dispatch(Exchange& exchange) const {
  const Kind kind = exchange.target.kind;
  const std::string& method = exchange.head.method();
  if (kind == Kind::kNone) {
    return MakeError(Code::kNotFound, "not-found", "no FHIR interaction has this address");
  }
  if (!IsAllowed(kind, method)) return AnswerMethod(exchange);
  if (exchange.format == Format::kOther) {
    return Refuse(exchange, 406, "this server answers application/fhir+json, FHIR 4.0, only");
  }
  if (!exchange.encoding_known) {
    return Refuse(exchange, 415, "the body may be sent plain or as gzip");
  }
  if (method == "GET" || method == "HEAD") return DispatchGet(exchange);
  if (method == "POST") return DispatchPost(exchange);
  if (method == "PUT") return Update(exchange);
  if (method == "PATCH") return Patch(exchange);
  return Delete(exchange);
}

Status FhirApiService::DispatchGet(Exchange& exchange) const {
  switch (exchange.target.kind) {
    case Kind::kInstance:
    case Kind::kVersion:
      return Read(exchange);
    case Kind::kMetadata:
      return Metadata(exchange);
    case Kind::kSystemHistory:
    case Kind::kTypeHistory:
    case Kind::kInstanceHistory:
      return History(exchange);
    case Kind::kOperation:
      return Operate(exchange);
    default:
      return Search(exchange);
  }
}

Status FhirApiService::DispatchPost(Exchange& exchange) const {
  switch (exchange.target.kind) {
    case Kind::kSystem:
      return Transaction(exchange);
    case Kind::kType:
      return Create(exchange);
    case Kind::kOperation:
      return Operate(exchange);
    default:
      return SearchByPost(exchange);
  }
}

}  // namespace strata::fhir_api
