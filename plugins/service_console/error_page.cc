#include "plugins/service_console/error_page.h"

namespace strata::console {
namespace {

struct Wording {
  int http_status;
  std::string_view title;
  std::string_view text;
};

constexpr Wording kMissing = {404, "Page not found",
                              "There is no such slot, change or trial, or the address is wrong."};
constexpr Wording kForbidden = {403, "You cannot do this", "Your role does not allow it."};
constexpr Wording kBadRequest = {400, "This cannot be shown",
                                 "The request was not understood. Go back and try again."};
constexpr Wording kConflict = {409, "This cannot be done now",
                               "The state of the stack does not allow it."};
constexpr Wording kMissingAbility = {501, "Not available in this core",
                                     "This version of the core cannot do that yet."};
constexpr Wording kUnavailable = {503, "The core does not answer right now",
                                  "It is starting, stopping or busy. Try again in a moment."};
constexpr Wording kBroken = {500, "There is a problem with this page",
                             "Try again. The stack itself may be fine: look at its log."};

const Wording& WordingOf(Code code) {
  switch (code) {
    case Code::kNotFound:
      return kMissing;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return kForbidden;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return kBadRequest;
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kAlreadyExists:
      return kConflict;
    case Code::kUnimplemented:
      return kMissingAbility;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kCancelled:
      return kUnavailable;
    default:
      return kBroken;
  }
}

Page Render(const Wording& wording) {
  Page page;
  page.http_status = wording.http_status;
  page.title = wording.title;
  page.main.Add("<h1 class=\"nhsuk-heading-l\">"_html, wording.title, "</h1><p>"_html, wording.text,
                "</p>"_html);
  return page;
}

}  // namespace

bool IsRefusal(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kAlreadyExists:
    case Code::kOutOfRange:
    case Code::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

std::string InWords(const Status& status) {
  std::string out = "The core refuses this: " + status.message();
  if (!out.ends_with('.')) out += ".";
  if (status.code() == Code::kAborted) out += " Wait for the change that runs, or stop it.";
  return out;
}

Page ErrorPage(const Status& status, std::string_view request_id) {
  const Wording& wording = WordingOf(status.code());
  Page page = Render(wording);
  if (wording.http_status < 500 && !status.message().empty()) {
    page.main.Add("<p>The core says: "_html, status.message(), "</p>"_html);
  }
  if (wording.http_status >= 500 && !request_id.empty()) {
    page.main.Add("<p>In the log this is request <strong>"_html, request_id, "</strong>.</p>"_html);
  }
  page.main.Add("<p>"_html, Link("/", "Back to the stack"), "</p>"_html);
  return page;
}

Page PageNotFound() {
  Page page = Render(kMissing);
  page.main.Add("<p>"_html, Link("/", "Back to the stack"), "</p>"_html);
  return page;
}

Page ForgedPage() {
  Page page;
  page.http_status = 403;
  page.title = "This form is no longer valid";
  page.main.Add(
      "<h1 class=\"nhsuk-heading-l\">This form is no longer valid</h1><p>Nothing was changed.</p>"
      "<p>The console takes forms from its own pages only, and this one carried no valid mark of "
      "them. The console may have been restarted or swapped since the page was opened, or the "
      "browser does not keep its cookie.</p><p>Go back, load the page again and send it once "
      "more.</p><p>"_html,
      Link("/", "Back to the stack"), "</p>"_html);
  return page;
}

}  // namespace strata::console
