#include "plugins/service_record_viewer/error_page.h"

#include <array>

#include "strata/common/v1/common.pb.h"
#include "strata/data/v1/data.pb.h"

namespace strata::record_viewer {
namespace {

struct Wording {
  int http_status;
  std::string_view title;
  std::string_view text;
};

constexpr Wording kPageMissing = {404, "Page not found",
                                  "If you typed the address, check that it is right."};
constexpr Wording kMissing = {404, "Record not found",
                              "There is no such record here. Search for the patient again."};
constexpr Wording kDeleted = {410, "Record deleted",
                              "This record was deleted. Search for the patient again."};
constexpr Wording kForbidden = {403, "You cannot see this",
                                "Your role does not allow access to this record."};
constexpr Wording kSignIn = {401, "Sign in first", "You need to sign in to see this page."};
constexpr Wording kBadRequest = {400, "This cannot be shown",
                                 "The request was not understood. Go back and try again."};
constexpr Wording kUnavailable = {503, "The record is not available right now",
                                  "Nothing is lost. Try again in a few minutes."};
constexpr Wording kBroken = {500, "There is a problem with this page",
                             "Try again later. What you see elsewhere is not affected."};

// The data layer tells a deletion by the issue code "deleted" (data/v1/README.md).
bool IsDeleted(const Status& status) {
  common::v1::ErrorStatus error;
  if (!error.ParseFromString(status.details())) return false;
  for (const common::v1::ErrorDetail& detail : error.details()) {
    data::v1::Outcome outcome;
    if (!detail.type_url().ends_with("strata.data.v1.Outcome") ||
        !outcome.ParseFromString(detail.value())) {
      continue;
    }
    for (const data::v1::Issue& issue : outcome.issues()) {
      if (issue.code() == "deleted") return true;
    }
  }
  return false;
}

const Wording& WordingOf(const Status& status) {
  switch (status.code()) {
    case Code::kNotFound:
      return IsDeleted(status) ? kDeleted : kMissing;
    case Code::kPermissionDenied:
      return kForbidden;
    case Code::kUnauthenticated:
      return kSignIn;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return kBadRequest;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kCancelled:
    case Code::kAborted:
      return kUnavailable;
    default:
      return IsDeleted(status) ? kDeleted : kBroken;
  }
}

ErrorPage Render(const Wording& wording, std::string_view request_id) {
  ErrorPage out;
  out.http_status = wording.http_status;
  out.page.title = wording.title;
  out.page.main.Add("<h1 class=\"nhsuk-heading-l\">"_html, wording.title, "</h1><p>"_html,
                    wording.text, "</p>"_html);
  if (!request_id.empty()) {
    out.page.main.Add("<p>If you report this, give the reference <strong>"_html, request_id,
                      "</strong>.</p>"_html);
  }
  out.page.main.Add("<p><a href=\"/\">Find a patient</a></p>"_html);
  return out;
}

}  // namespace

ErrorPage MakeErrorPage(const Status& status, std::string_view request_id) {
  return Render(WordingOf(status), request_id);
}

ErrorPage PageNotFound(std::string_view request_id) { return Render(kPageMissing, request_id); }

}  // namespace strata::record_viewer
