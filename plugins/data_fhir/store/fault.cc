#include "plugins/data_fhir/store/fault.h"

#include <utility>

#include "strata/common/v1/common.pb.h"

namespace strata::fhir::store {
namespace {

using data::v1::Issue;
using data::v1::Outcome;

constexpr std::string_view kOutcomeUrl = "type.googleapis.com/strata.data.v1.Outcome";

// For errors of other layers, which bring no Outcome.
std::string_view IssueCodeOf(Code code) {
  switch (code) {
    case Code::kNotFound:
      return "not-found";
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return "invalid";
    case Code::kPermissionDenied:
      return "forbidden";
    case Code::kUnauthenticated:
      return "login";
    case Code::kResourceExhausted:
      return "throttled";
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return "conflict";
    case Code::kUnimplemented:
      return "not-supported";
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      return "timeout";
    case Code::kUnavailable:
      return "transient";
    default:
      return "exception";
  }
}

bool HasIssue(const Outcome& outcome, std::string_view code) {
  for (const Issue& issue : outcome.issues()) {
    if (issue.code() == code) return true;
  }
  return false;
}

}  // namespace

Status WithOutcome(const Status& status, const Outcome& outcome) {
  common::v1::ErrorStatus error;
  error.set_code(static_cast<std::int32_t>(status.code()));
  error.set_message(status.message());
  auto* detail = error.add_details();
  detail->set_type_url(std::string(kOutcomeUrl));
  detail->set_value(outcome.SerializeAsString());
  return Status(status.code(), status.message()).WithDetails(error.SerializeAsString());
}

Status Fault(Code code, std::string_view issue_code, std::string diagnostics,
             std::string_view expression) {
  Outcome outcome;
  Issue* issue = outcome.add_issues();
  issue->set_severity(Issue::SEVERITY_ERROR);
  issue->set_code(std::string(issue_code));
  issue->set_diagnostics(diagnostics);
  if (!expression.empty()) issue->add_expression(std::string(expression));
  return WithOutcome(Status(code, std::move(diagnostics)), outcome);
}

Outcome OutcomeOf(const Status& status) {
  Outcome outcome;
  common::v1::ErrorStatus error;
  if (!status.details().empty() && error.ParseFromString(status.details())) {
    for (const auto& detail : error.details()) {
      if (detail.type_url() == kOutcomeUrl && outcome.ParseFromString(detail.value())) {
        return outcome;
      }
    }
  }
  outcome.Clear();
  if (status.ok()) return outcome;
  Issue* issue = outcome.add_issues();
  issue->set_severity(Issue::SEVERITY_ERROR);
  issue->set_code(std::string(IssueCodeOf(status.code())));
  issue->set_diagnostics(status.message());
  return outcome;
}

Status Within(const Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  Outcome outcome = OutcomeOf(status);
  for (Issue& issue : *outcome.mutable_issues()) {
    if (issue.expression().empty())
      issue.add_expression(std::string(prefix));
    else
      issue.set_expression(0, std::string(prefix).append(".").append(issue.expression(0)));
  }
  return WithOutcome(
      Status(status.code(), std::string(prefix).append(": ").append(status.message())), outcome);
}

std::uint32_t HttpStatusOf(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
      return HasIssue(OutcomeOf(status), "processing") ? 422 : 400;
    case Code::kOutOfRange:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return HasIssue(OutcomeOf(status), "deleted") ? 410 : 404;
    case Code::kAborted:
    case Code::kAlreadyExists:
      return 409;
    case Code::kFailedPrecondition:
      return 412;
    case Code::kResourceExhausted:
      if (HasIssue(OutcomeOf(status), "no-store")) return 507;
      return HasIssue(OutcomeOf(status), "too-long") ? 413 : 429;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      return 504;
    default:
      return 500;
  }
}

Status UnknownType(std::string_view) {
  return Fault(Code::kNotFound, "not-supported", "FHIR R4 has no resource type of that name");
}

Status BadId(std::string_view expression) {
  return Fault(Code::kInvalidArgument, "value",
               "an id has 1 to 64 letters, digits, '-' or '.' (FHIR R4 datatypes.html#id)",
               expression);
}

Status NoSuchResource(std::string_view type, std::string_view id) {
  return Fault(Code::kNotFound, "not-found",
               std::string("no resource ").append(type).append("/").append(id));
}

Status DeletedResource(std::string_view type, std::string_view id) {
  return Fault(Code::kNotFound, "deleted",
               std::string("resource ").append(type).append("/").append(id).append(" was deleted"));
}

Status TooBusy() {
  return Fault(Code::kAborted, "lock-error",
               "other changes of the same resources were faster several times; try again");
}

}  // namespace strata::fhir::store
