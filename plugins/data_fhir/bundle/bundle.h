#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/request_url.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::bundle {

// In the order in which a transaction carries them out (FHIR R4 http.html#trules).
enum class Method : std::uint8_t { kDelete, kPost, kPut, kPatch, kGet, kHead };
std::string_view MethodName(Method method);

// An entry, borrowed from the bundle's document.
struct Entry {
  std::size_t index = 0;
  std::string_view full_url;
  Method method = Method::kGet;
  RequestUrl url;
  store::ClientResource resource;  // POST and PUT
  json::Value body;                // missing when the entry has no resource
  data::v1::PatchRequest::Format patch_format = data::v1::PatchRequest::FORMAT_UNSPECIFIED;
  std::string patch;     // PATCH: JSON Patch or Parameters
  std::string if_match;  // version id, or "*"
  bool if_none_match_any = false;
  std::string if_none_match;  // version id
  std::int64_t if_modified_since_us = 0;
  bool conditional_create = false;
  store::Parameters if_none_exist;

  bool creates() const { return method == Method::kPost && !url.search && url.operation.empty(); }
  bool writes() const { return creates() || method == Method::kPut; }
  // Changes nothing: GET, HEAD, search by POST, operations.
  bool reads() const {
    return method == Method::kGet || method == Method::kHead ||
           (method == Method::kPost && !creates());
  }
  std::string path() const { return "Bundle.entry[" + std::to_string(index) + "]"; }
};

// What Bundle.type says; kOther for types that hold resources without requests.
enum class Kind : std::uint8_t { kTransaction, kBatch, kOther };

// A parsed bundle. Entries that are broken have a status instead of a meaning. Thread-compatible;
// refers to the document it was made from.
struct Bundle {
  Kind kind = Kind::kOther;
  std::vector<Entry> entries;
  std::vector<Status> faults;  // one for each entry
};

// INVALID_ARGUMENT: the document is no Bundle or has no list of entries.
Result<Bundle> ParseBundle(json::Value root, std::string_view base_url);

}  // namespace strata::fhir::bundle
