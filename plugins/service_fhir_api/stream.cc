#include <utility>

#include "plugins/service_fhir_api/bundle.h"
#include "plugins/service_fhir_api/changes.h"
#include "plugins/service_fhir_api/outcome.h"
#include "plugins/service_fhir_api/service.h"

// Interactions whose bodies stream both ways: batch and transaction (FHIR R4 http.html#transaction)
// and operations (operations.html). The memory they take does not grow with the body.
namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

constexpr std::size_t kMaxFormBytes = std::size_t{1} << 20;

// Next piece of the body. A body that breaks must end the call below as broken, not as complete:
// what a source throws does that.
bool NextPiece(Exchange& exchange, std::string* piece) {
  auto more = exchange.body.Next(piece);
  if (!more.ok()) throw StatusError(more.status());
  return *more;
}

// Writes what an operation answers: one resource in pieces, or entries of a Bundle.
class OperationAnswer {
 public:
  explicit OperationAnswer(Exchange& exchange) : exchange_(exchange), bundle_(exchange) {}

  bool Take(const pb::OperateResponse& part) {
    if (!part.json().empty()) {
      has_json_ = true;
      return exchange_.responder.Write(part.json());
    }
    if (!bundle_.begun() && !has_json_) bundle_.Begin("searchset");
    for (const pb::SearchEntry& entry : part.entries()) {
      if (!bundle_.SearchEntry(entry)) return false;
    }
    if (part.has_total()) bundle_.SetTotal(part.total());
    next_ = part.next_page_token();
    return true;
  }

  void Finish() {
    if (has_json_ || !bundle_.begun()) {
      if (!has_json_) exchange_.responder.SetStatus(204);
      exchange_.responder.Finish();
      return;
    }
    bundle_.AddLink("self", LinkUrl(exchange_, exchange_.query, {}));
    if (!next_.empty()) bundle_.AddLink("next", LinkUrl(exchange_, exchange_.query, next_));
    bundle_.Finish();
  }

 private:
  Exchange& exchange_;
  BundleWriter bundle_;
  bool has_json_ = false;
  std::string next_;
};

void AddParameters(const web::Parameters& parameters, pb::OperateRequest* request) {
  for (const auto& [name, value] : parameters) {
    pb::Parameter* parameter = request->add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
}

}  // namespace

Status FhirApiService::Transaction(Exchange& exchange) const {
  if (BodyKind(exchange.Header("content-type")) != Body::kJson) {
    return Refuse(exchange, 415, "send a Bundle as application/fhir+json");
  }
  bool first = true;
  const auto source = [&](pb::TransactionRequest* next) {
    next->Clear();
    if (!NextPiece(exchange, next->mutable_bundle()) && !first) return false;
    if (first) {
      next->set_request_id(ChangeId(exchange, std::to_string(exchange.head.content_length())));
      next->set_base_url(exchange.base + "/");
      next->set_handling(exchange.prefer.handling == HandlingPreference::kLenient
                             ? pb::HANDLING_LENIENT
                             : pb::HANDLING_STRICT);
    }
    first = false;
    return true;
  };
  BundleWriter bundle(exchange);
  const bool with_resource = exchange.prefer.return_ == Return::kRepresentation;
  const auto sink = [&](pb::TransactionResponse& part) {
    if (!bundle.begun()) {
      bundle.Begin(part.type() == "batch" ? "batch-response" : "transaction-response");
    }
    for (const pb::TransactionEntry& entry : part.entries()) {
      if (!bundle.TransactionEntry(entry, with_resource)) return false;
    }
    return true;
  };
  STRATA_RETURN_IF_ERROR(data_.Transaction(exchange.context, source, sink));
  if (!bundle.begun()) bundle.Begin("transaction-response");
  bundle.Finish();
  return {};
}

Status FhirApiService::Operate(Exchange& exchange) const {
  const bool is_post = exchange.head.method() == "POST";
  const Body kind = BodyKind(exchange.Header("content-type"));
  if (is_post && kind != Body::kJson && kind != Body::kForm && kind != Body::kNone) {
    return Refuse(exchange, 415, "send the parameters of an operation as application/fhir+json");
  }
  if (is_post && kind == Body::kForm) {
    STRATA_ASSIGN_OR_RETURN(const std::string text, exchange.body.ReadAll(kMaxFormBytes));
    auto form = web::ParseForm(text);
    if (!form.ok()) return MakeError(Code::kInvalidArgument, "invalid", form.status().message());
    for (auto& parameter : *form) exchange.query.push_back(std::move(parameter));
  }
  const std::string page_token = exchange.TakeParameter(kPageParameter);
  const bool has_body = is_post && kind != Body::kForm;
  bool first = true;
  const auto source = [&](pb::OperateRequest* next) {
    next->Clear();
    const bool more = has_body && NextPiece(exchange, next->mutable_body());
    if (!first) return more;
    next->set_operation(exchange.target.operation);
    next->set_type(exchange.target.type);
    next->set_id(exchange.target.id);
    next->set_page_token(page_token);
    next->set_request_id(ChangeId(exchange, std::to_string(exchange.head.content_length())));
    AddParameters(exchange.query, next);
    first = false;
    return true;
  };
  OperationAnswer answer(exchange);
  const auto sink = [&](pb::OperateResponse& part) { return answer.Take(part); };
  STRATA_RETURN_IF_ERROR(data_.Operate(exchange.context, source, sink));
  answer.Finish();
  return {};
}

}  // namespace strata::fhir_api
