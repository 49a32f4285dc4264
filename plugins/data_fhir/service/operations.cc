#include "plugins/data_fhir/service/operations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/data_fhir/service/fhirpath_operation.h"
#include "plugins/data_fhir/service/reindexer.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/reader.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::service {
namespace {

using data::v1::OperateRequest;

constexpr std::size_t kPieceBytes = std::size_t{512} << 10;

// The request, its pieces put together.
Result<OperateRequest> Receive(Reader<OperateRequest>& reader) {
  OperateRequest whole;
  bool first = true;
  const Status received = reader.ForEach([&](OperateRequest& part) -> Status {
    if (std::exchange(first, false)) {
      whole = std::move(part);
    } else {
      whole.mutable_body()->append(part.body());
    }
    if (whole.body().size() <= store::kMaxResourceBytes) return {};
    return store::Fault(Code::kResourceExhausted, "too-long", "the body is too large");
  });
  STRATA_RETURN_IF_ERROR(received);
  return whole;
}

// The named part of a Parameters resource; missing when there is none.
json::Value Part(json::Value parameters, std::string_view name) {
  for (const json::Value part : parameters["parameter"].elements()) {
    if (part["name"].string() == name) return part;
  }
  return {};
}

// In: Parameters with `expression` and `resource`; the resource may also be that of the URL.
Result<std::string> FhirPath(store::Store& store, const Context& cx,
                             const OperateRequest& request) {
  const std::string_view body = request.body().empty() ? std::string_view("{}") : request.body();
  const Result<json::Document> document = json::Document::Parse(body);
  if (!document.ok()) return store::JsonFault(document.status());
  std::string expression(Part(document->root(), "expression")["valueString"].string());
  for (const auto& parameter : request.parameters()) {
    if (parameter.name() == "expression") expression = parameter.value();
  }
  if (expression.empty()) {
    return store::Fault(Code::kInvalidArgument, "required", "the parameter expression is missing",
                        "expression");
  }
  if (const json::Value resource = Part(document->root(), "resource")["resource"]) {
    return EvaluateFhirPath(expression, resource);
  }
  if (request.id().empty()) {
    return store::Fault(Code::kInvalidArgument, "required", "the parameter resource is missing",
                        "resource");
  }
  data::v1::ReadRequest read;
  read.set_type(request.type());
  read.set_id(request.id());
  data::v1::ReadResponse stored;
  STRATA_RETURN_IF_ERROR(store::Read(store, cx, read, &stored));
  STRATA_ASSIGN_OR_RETURN(const json::Document resource,
                          json::Document::Parse(stored.resource().json()));
  return EvaluateFhirPath(expression, resource.root());
}

void Send(std::string_view text, Writer<data::v1::OperateResponse>& writer) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPieceBytes))) {
    data::v1::OperateResponse message;
    message.set_json(std::string(text.substr(0, kPieceBytes)));
    if (!writer.Write(message)) return;
  }
}

// "$fhirpath" -> "fhirpath"
std::string_view NameOf(std::string_view operation) {
  if (operation.starts_with('$')) operation.remove_prefix(1);
  return operation;
}

}  // namespace

Status CheckOperation(std::string_view operation) {
  if (NameOf(operation) == "fhirpath" || NameOf(operation) == "reindex-status") return {};
  return store::Fault(Code::kUnimplemented, "not-supported",
                      "this server has no such operation; it has: $fhirpath, $reindex-status",
                      "operation");
}

Result<std::string> RunOperation(store::Store& store, const Context& cx,
                                 const OperateRequest& request) {
  STRATA_RETURN_IF_ERROR(CheckOperation(request.operation()));
  if (NameOf(request.operation()) == "reindex-status") {
    STRATA_ASSIGN_OR_RETURN(const auto set, store.definitions.Refresh(cx));
    return ReindexStatus(*set);
  }
  return FhirPath(store, cx, request);
}

Status Operate(store::Store& store, const Context& cx, Reader<OperateRequest>& reader,
               Writer<data::v1::OperateResponse>& writer) {
  STRATA_ASSIGN_OR_RETURN(const OperateRequest request, Receive(reader));
  STRATA_ASSIGN_OR_RETURN(const std::string answer, RunOperation(store, cx, request));
  Send(answer, writer);
  return {};
}

}  // namespace strata::fhir::service
