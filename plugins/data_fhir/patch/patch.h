#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"

// Patches of resources: JSON Patch (RFC 6902, RFC 6901) and FHIRPath Patch (FHIR R4
// fhirpatch.html). Texts in, texts out, no I/O. What a patch does not touch keeps its bytes, what
// it brings keeps its lexemes: 1.10 stays 1.10.
//
// Errors say which operation is to blame and never quote a value:
//   INVALID_ARGUMENT     the patch is no patch: unknown operation, missing member, broken path
//   FAILED_PRECONDITION  the patch cannot be carried out on this resource
//   RESOURCE_EXHAUSTED   the patch asks for too much work
namespace strata::fhir::patch {

inline constexpr std::size_t kMaxOperations = 10'000;
inline constexpr std::uint32_t kMaxDepth = 64;  // Of the result, as the JSON parser has it.

struct JsonPatchOptions {
  // The document is a stored resource: what the server sets (resourceType, id, meta.versionId,
  // meta.lastUpdated) cannot be changed, and lists and objects that become empty are removed
  // (FHIR R4 json.html: neither is ever empty).
  bool resource = true;
};

// The document's text after all operations; it is as it was when one of them fails. Thread-safe.
Result<std::string> ApplyJsonPatch(json::Value document, json::Value patch,
                                   const JsonPatchOptions& options = {});

// The same with the operations in a Parameters resource. Thread-safe.
Result<std::string> ApplyFhirPathPatch(json::Value resource, json::Value parameters);

// Private to this folder ------------------------------------------------------------------------

// Work that one patch may ask for, in bytes and elements handled, so that a small patch cannot
// occupy the server. Single-threaded.
class Budget final {
 public:
  // RESOURCE_EXHAUSTED once it is used up.
  Status Spend(std::size_t units);

 private:
  std::size_t left_ = std::size_t{64} << 20;
};

Status Malformed(std::string text);
Status Inapplicable(std::string text);
// "operation 3 (replace): ..."
Status InOperation(std::size_t index, std::string_view name, const Status& status);

// Whether the place (member names from the root) is one that only the server sets.
bool IsServersOwn(std::span<const std::string> place);
Status ServersOwn();

}  // namespace strata::fhir::patch
