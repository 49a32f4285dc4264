#pragma once

#include <optional>
#include <string>
#include <string_view>

// Formats and preferences of a request. Pure functions over untrusted header values.
namespace strata::fhir_api {

// What an Accept header or a _format parameter asks for. FHIR R4 http.html#mime-type.
enum class Format {
  kJson,
  kOther,  // XML, Turtle, HTML, another FHIR version: not what this server speaks
};

// `accept` may list several with weights (RFC 9110 section 12.5.1): JSON if any acceptable one is
// JSON or a wildcard; an empty header accepts everything.
Format AcceptedFormat(std::string_view accept);
// "json", "application/json", "application/fhir+json", "text/json" and their parameters.
Format NamedFormat(std::string_view format);

// Kind of a request body by its Content-Type.
enum class Body {
  kNone,  // no header
  kJson,
  kJsonPatch,
  kForm,
  kOther,
};
Body BodyKind(std::string_view content_type);

// Whether "gzip" is acceptable in an Accept-Encoding header.
bool AcceptsGzip(std::string_view accept_encoding);

enum class Return { kDefault, kMinimal, kRepresentation, kOutcome };
enum class HandlingPreference { kDefault, kStrict, kLenient };

// The Prefer header (RFC 7240; FHIR R4 http.html#ops, search.html#errors); what is not known is
// ignored, as the RFC says.
struct Preferences {
  Return return_ = Return::kDefault;
  HandlingPreference handling = HandlingPreference::kDefault;
};
Preferences ParsePrefer(std::string_view prefer);

// W/"3" or "3" -> 3. Nothing for lists, "*" and anything else. FHIR R4 http.html#versioning.
std::optional<std::string> VersionOfEtag(std::string_view etag);

// Whether an If-None-Match list names the version, or is "*".
bool EtagListNames(std::string_view list, std::string_view version_id);

}  // namespace strata::fhir_api
