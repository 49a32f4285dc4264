#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// Bundle.entry.request.url, taken apart (FHIR R4 http.html#styleguide):
// [type][/id][/_history[/vid]][?query], [compartment/id/]type[?query], metadata, or an operation.
// Thread-compatible.
struct RequestUrl {
  std::string type;  // empty: the whole system
  std::string id;
  std::string version_id;
  std::string compartment_type;  // "Patient" of "Patient/1/Observation"
  std::string compartment_id;
  std::string operation;  // "lookup" of "ValueSet/$lookup"
  bool history = false;
  bool search = false;  // ends in _search
  bool metadata = false;
  store::Parameters parameters;

  bool conditional() const { return id.empty() && !parameters.empty(); }
};

// `base_url` ("http://host/fhir/", may be empty) and a leading slash are taken off.
// INVALID_ARGUMENT: not a URL of this server.
Result<RequestUrl> ParseRequestUrl(std::string_view url, std::string_view base_url);

// "a=1&b=2", percent-decoded, as parameters. INVALID_ARGUMENT: broken encoding.
Status ParseQuery(std::string_view query, store::Parameters* parameters);

}  // namespace strata::fhir::bundle
