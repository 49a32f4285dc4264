#include "plugins/data_fhir/search/issues.h"

#include <utility>

#include "strata/common/v1/common.pb.h"

namespace strata::fhir::search {
namespace {

using data::v1::Issue;
using data::v1::Outcome;

Status WithOutcome(Code code, std::string message, const Outcome& outcome) {
  common::v1::ErrorStatus error;
  error.set_code(static_cast<std::int32_t>(code));
  error.set_message(message);
  auto* detail = error.add_details();
  detail->set_type_url("type.googleapis.com/strata.data.v1.Outcome");
  detail->set_value(outcome.SerializeAsString());
  return Status(code, std::move(message)).WithDetails(error.SerializeAsString());
}

}  // namespace

void Issues::Add(std::string_view code, std::string_view parameter, std::string diagnostics) {
  issues_.push_back({std::string(code), std::string(parameter), std::move(diagnostics)});
}

void Issues::Append(const Issues& other) {
  issues_.insert(issues_.end(), other.issues_.begin(), other.issues_.end());
}

Outcome Issues::AsOutcome(Issue::Severity severity) const {
  Outcome outcome;
  for (const Entry& entry : issues_) {
    Issue* issue = outcome.add_issues();
    issue->set_severity(severity);
    issue->set_code(entry.code);
    issue->set_diagnostics(entry.diagnostics);
    if (!entry.parameter.empty()) issue->add_expression(entry.parameter);
  }
  return outcome;
}

Status Issues::AsError() const {
  const std::string message = issues_.empty() ? "the search is broken" : issues_[0].diagnostics;
  return WithOutcome(Code::kInvalidArgument, message, AsOutcome(Issue::SEVERITY_ERROR));
}

void Issues::AppendWarnings(Outcome* outcome) const {
  outcome->MergeFrom(AsOutcome(Issue::SEVERITY_WARNING));
}

Status SearchFault(Code code, std::string_view issue_code, std::string diagnostics) {
  Outcome outcome;
  Issue* issue = outcome.add_issues();
  issue->set_severity(Issue::SEVERITY_ERROR);
  issue->set_code(std::string(issue_code));
  issue->set_diagnostics(diagnostics);
  return WithOutcome(code, std::move(diagnostics), outcome);
}

}  // namespace strata::fhir::search
