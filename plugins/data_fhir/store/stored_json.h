#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"

// From the client's text to the text that is kept: the same lexemes without the whitespace between
// them, with id, meta.versionId and meta.lastUpdated put in. Thread-safe.
namespace strata::fhir::store {

// FHIR R4 datatypes.html#id
bool IsValidId(std::string_view id);

// 123 for "123", 0 for anything that is no version id of this server.
layout::VersionId ParseVersionId(std::string_view text);

// A resource as a client sent it, borrowed from its document.
struct ClientResource {
  json::Value root;
  std::string_view type;
  std::string_view id;  // empty when there is none
  json::Value meta;     // missing when there is none
};

// What must hold of any resource before it can be kept: an object with a resourceType of FHIR R4
// (`expected_type` unless that is empty), id a string (what it says does not matter to a create),
// meta an object. INVALID_ARGUMENT with the element, NOT_FOUND for an unknown type.
Result<ClientResource> CheckResource(json::Value root, std::string_view expected_type);

// RFC 8259 section 8.1: a byte order mark in front of a text may be ignored.
std::string_view WithoutByteOrderMark(std::string_view text);

// The error of a parser as a fault of the contract, which names the position.
Status JsonFault(const Status& status);

// A part of the document's text [begin, end) and what stands there instead: whole JSON values.
struct Splice {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

struct VersionStamp {
  std::string_view id;
  layout::VersionId version_id = 1;
  std::int64_t last_updated_us = 0;
};

// The text to keep. `splices` are in document order, do not overlap, and lie within the resource
// and outside of what the stamp sets.
std::string ComposeStored(const ClientResource& resource, std::span<const Splice> splices,
                          const VersionStamp& stamp);

}  // namespace strata::fhir::store
