#include "plugins/service_fhir_api/outcome.h"

#include <array>
#include <optional>

#include "core/base/json_writer.h"
#include "strata/common/v1/common.pb.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

constexpr std::string_view kOutcomeType = "type.googleapis.com/strata.data.v1.Outcome";

struct Row {
  std::optional<Code> code;     // any if empty
  std::string_view issue_code;  // any if empty
  int http_status;
};

// FHIR R4 http.html gives 400, 404, 405, 409, 410, 412, 422; RFC 9110 the others.
constexpr std::array<Row, 41> kTable = {{
    {{}, "deleted", 410},
    {{}, "multiple-matches", 412},
    {Code::kFailedPrecondition, "conflict", 412},
    {{}, "conflict", 409},
    {Code::kInvalidArgument, "duplicate", 400},
    {{}, "duplicate", 409},
    {{}, "lock-error", 409},
    {{}, "too-long", 413},
    {{}, "too-costly", 422},
    {{}, "throttled", 429},
    {{}, "timeout", 504},
    {{}, "no-store", 507},
    {{}, "login", 401},
    {{}, "expired", 401},
    {{}, "forbidden", 403},
    {{}, "security", 403},
    {{}, "suppressed", 403},
    {Code::kFailedPrecondition, "not-found", 412},
    {{}, "not-found", 404},
    {Code::kInvalidArgument, "business-rule", 422},
    {Code::kInvalidArgument, "code-invalid", 422},
    {Code::kInvalidArgument, "invariant", 422},
    {Code::kInvalidArgument, "processing", 422},
    {Code::kFailedPrecondition, "business-rule", 422},
    {Code::kUnimplemented, "", 501},
    {Code::kInvalidArgument, "", 400},
    {Code::kOutOfRange, "", 400},
    {Code::kNotFound, "", 404},
    {Code::kAlreadyExists, "", 409},
    {Code::kAborted, "", 409},
    {Code::kFailedPrecondition, "", 412},
    {Code::kPermissionDenied, "", 403},
    {Code::kUnauthenticated, "", 401},
    {Code::kResourceExhausted, "", 429},
    {Code::kDeadlineExceeded, "", 504},
    {Code::kUnavailable, "", 503},
    {Code::kCancelled, "", 504},
    {Code::kDataLoss, "", 500},
    {Code::kInternal, "", 500},
    {Code::kUnknown, "", 500},
    {{}, "", 500},
}};

std::optional<pb::Outcome> OutcomeOf(const Status& status) {
  common::v1::ErrorStatus error;
  if (status.details().empty() || !error.ParseFromString(status.details())) return std::nullopt;
  for (const common::v1::ErrorDetail& detail : error.details()) {
    pb::Outcome outcome;
    if (detail.type_url() == kOutcomeType && outcome.ParseFromString(detail.value()) &&
        outcome.issues_size() > 0) {
      return outcome;
    }
  }
  return std::nullopt;
}

bool IsError(const pb::Issue& issue) {
  return issue.severity() == pb::Issue::SEVERITY_ERROR ||
         issue.severity() == pb::Issue::SEVERITY_FATAL;
}

std::string_view SeverityText(pb::Issue::Severity severity) {
  switch (severity) {
    case pb::Issue::SEVERITY_FATAL:
      return "fatal";
    case pb::Issue::SEVERITY_WARNING:
      return "warning";
    case pb::Issue::SEVERITY_INFORMATION:
      return "information";
    default:
      return "error";
  }
}

// Code of http://hl7.org/fhir/issue-type for failures that carry none.
std::string_view IssueCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return "invalid";
    case Code::kNotFound:
      return "not-found";
    case Code::kAlreadyExists:
      return "duplicate";
    case Code::kAborted:
    case Code::kFailedPrecondition:
      return "conflict";
    case Code::kPermissionDenied:
      return "forbidden";
    case Code::kUnauthenticated:
      return "login";
    case Code::kUnimplemented:
      return "not-supported";
    case Code::kResourceExhausted:
      return "throttled";
    case Code::kDeadlineExceeded:
      return "timeout";
    case Code::kUnavailable:
    case Code::kCancelled:
      return "transient";
    default:
      return "exception";
  }
}

}  // namespace

int HttpStatus(Code code, std::string_view issue_code) {
  for (const Row& row : kTable) {
    if ((!row.code || *row.code == code) &&
        (row.issue_code.empty() || row.issue_code == issue_code)) {
      return row.http_status;
    }
  }
  return 500;
}

int HttpStatus(const Status& status) {
  if (const auto outcome = OutcomeOf(status)) {
    for (const pb::Issue& issue : outcome->issues()) {
      if (IsError(issue)) return HttpStatus(status.code(), issue.code());
    }
  }
  return HttpStatus(status.code(), {});
}

std::string OutcomeJson(const pb::Outcome& outcome) {
  std::string out;
  json::Writer writer(&out);
  writer.BeginObject().Field("resourceType", "OperationOutcome").Key("issue").BeginArray();
  for (const pb::Issue& issue : outcome.issues()) {
    writer.BeginObject().Field("severity", SeverityText(issue.severity()));
    writer.Field("code", issue.code().empty() ? "processing" : issue.code());
    if (!issue.diagnostics().empty()) writer.Field("diagnostics", issue.diagnostics());
    if (issue.expression_size() > 0) {
      writer.Key("expression").BeginArray();
      for (const std::string& expression : issue.expression()) writer.String(expression);
      writer.EndArray();
    }
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  return out;
}

std::string OutcomeJson(const Status& status) {
  if (const auto outcome = OutcomeOf(status)) return OutcomeJson(*outcome);
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_ERROR);
  issue->set_code(std::string(IssueCodeOf(status.code())));
  issue->set_diagnostics(status.message());
  return OutcomeJson(outcome);
}

Status MakeError(Code code, std::string_view issue_code, std::string diagnostics,
                 std::string_view expression) {
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_ERROR);
  issue->set_code(std::string(issue_code));
  issue->set_diagnostics(diagnostics);
  if (!expression.empty()) issue->add_expression(std::string(expression));
  common::v1::ErrorStatus error;
  error.set_code(static_cast<std::int32_t>(code));
  error.set_message(diagnostics);
  common::v1::ErrorDetail* detail = error.add_details();
  detail->set_type_url(std::string(kOutcomeType));
  outcome.SerializeToString(detail->mutable_value());
  return Status(code, std::move(diagnostics)).WithDetails(error.SerializeAsString());
}

}  // namespace strata::fhir_api
