#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::fhir_api {

class Responder;

// ETag and Last-Modified of a version (FHIR R4 http.html#versioning); what is not known is left
// out.
void AddVersionHeaders(std::string_view version_id, std::int64_t last_updated_us,
                       Responder* responder);

// INVALID_ARGUMENT: not a whole number of at most nine digits.
Result<std::uint32_t> ParseCount(std::string_view text);

}  // namespace strata::fhir_api
