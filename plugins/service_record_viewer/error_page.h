#pragma once

#include <string_view>

#include "core/base/status.h"
#include "plugins/service_record_viewer/page.h"

// Pages for what went wrong, in the words of the NHS service manual: what happened, and what to do.
namespace strata::record_viewer {

struct ErrorPage {
  int http_status = 500;
  Page page;
};

// The one table from status codes to pages.
ErrorPage MakeErrorPage(const Status& status, std::string_view request_id);

// For an address that no page has.
ErrorPage PageNotFound(std::string_view request_id);

}  // namespace strata::record_viewer
