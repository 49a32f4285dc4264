#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a URL below the base means. FHIR R4 http.html#summary. A pure function over untrusted text.
namespace strata::fhir_api {

enum class Kind {
  kNone,  // no FHIR address
  kSystem,
  kMetadata,
  kSystemHistory,
  kSystemSearch,  // POST [base]/_search
  kType,
  kTypeSearch,  // POST [base]/Type/_search
  kTypeHistory,
  kInstance,
  kInstanceHistory,
  kVersion,
  kCompartment,        // [base]/Patient/1/Observation, also /*
  kCompartmentSearch,  // the same with /_search
  kOperation,
};

// Segments are percent-decoded; only names of the right form get here (FHIR R4 datatypes.html#id).
struct Target {
  Kind kind = Kind::kNone;
  std::string type;
  std::string id;
  std::string version_id;
  std::string operation;         // "$everything"
  std::string compartment_type;  // of a compartment search; `type` is empty for all ("*")
  std::string compartment_id;
};

// `path` is what follows the base, as received: "/Patient/1".
Target ParseTarget(std::string_view path);

// Methods that an address answers, for the Allow header: "GET, HEAD, POST".
std::string_view AllowedMethods(Kind kind);

// Whether the method is among them.
bool IsAllowed(Kind kind, std::string_view method);

}  // namespace strata::fhir_api
