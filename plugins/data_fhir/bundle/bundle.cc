#include "plugins/data_fhir/bundle/bundle.h"

#include <array>
#include <optional>
#include <utility>

#include "core/base/datetime.h"
#include "plugins/data_fhir/bundle/wrapped.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

constexpr auto kMethodNames =
    std::to_array<std::string_view>({"DELETE", "POST", "PUT", "PATCH", "GET", "HEAD"});

Status Bad(std::string_view code, std::string text, std::string_view element) {
  return store::Fault(Code::kInvalidArgument, code, std::move(text), element);
}

std::optional<Method> MethodOf(std::string_view name) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == name) return static_cast<Method>(i);
  }
  return std::nullopt;
}

// W/"3" -> 3; an entity tag that is no version of this server stays something that none matches.
std::string VersionOfTag(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  return std::string(tag);
}

Status ReadConditions(json::Value request, Entry* entry) {
  // An entity tag of another make stays what it is: no version has it.
  if (const json::Value tag = request["ifMatch"]) entry->if_match = VersionOfTag(tag.string());
  if (const json::Value tag = request["ifNoneMatch"]) {
    entry->if_none_match_any = tag.string() == "*";
    if (!entry->if_none_match_any) entry->if_none_match = VersionOfTag(tag.string());
  }
  if (const json::Value since = request["ifModifiedSince"]) {
    const auto time = web::ParseDateTime(since.string());
    if (!time) return Bad("value", "ifModifiedSince is no instant", "request.ifModifiedSince");
    entry->if_modified_since_us = time->begin_us;
  }
  if (const json::Value query = request["ifNoneExist"]) {
    entry->conditional_create = true;
    std::string_view text = query.string();
    // The standard wants the query only; some write the whole URL.
    if (const std::size_t at = text.find('?'); at != std::string_view::npos) {
      text.remove_prefix(at + 1);
    }
    STRATA_RETURN_IF_ERROR(ParseQuery(text, &entry->if_none_exist));
  }
  return {};
}

Status ReadBody(Entry* entry) {
  if (entry->method == Method::kPatch) return ReadPatch(entry->body, entry);
  if (entry->url.search) return ReadSearchForm(entry->body, &entry->url.parameters);
  if (!entry->writes()) return {};
  if (!entry->body) return Bad("required", "the entry has no resource", "resource");
  if (entry->url.type.empty()) {
    return Bad("value", "the URL names no resource type", "request.url");
  }
  Result<store::ClientResource> resource = store::CheckResource(entry->body, entry->url.type);
  if (!resource.ok()) return store::Within(resource.status(), "resource");
  entry->resource = *resource;
  if (entry->body.end_offset() - entry->body.begin_offset() > store::kMaxResourceBytes) {
    return store::Fault(Code::kResourceExhausted, "too-long", "the resource is too large",
                        "resource");
  }
  return {};
}

Status ReadRequest(json::Value value, std::string_view base_url, Entry* entry) {
  if (!value.is_object()) return Bad("structure", "an entry is an object", {});
  entry->full_url = value["fullUrl"].string();
  entry->body = value["resource"];
  const json::Value request = value["request"];
  if (!request.is_object()) return Bad("required", "the entry has no request", "request");
  const auto method = MethodOf(request["method"].string());
  if (!method) {
    return Bad("value", "request.method is not one of FHIR R4 valueset-http-verb",
               "request.method");
  }
  entry->method = *method;
  if (!request["url"].is_string()) return Bad("required", "request.url is missing", "request.url");
  STRATA_ASSIGN_OR_RETURN(entry->url, ParseRequestUrl(request["url"].string(), base_url));
  if (!entry->url.compartment_type.empty() && !entry->reads()) {
    return Bad("value", "a compartment can be searched only", "request.url");
  }
  STRATA_RETURN_IF_ERROR(ReadConditions(request, entry));
  return ReadBody(entry);
}

Kind KindOf(std::string_view type) {
  if (type == "transaction") return Kind::kTransaction;
  return type == "batch" ? Kind::kBatch : Kind::kOther;
}

}  // namespace

std::string_view MethodName(Method method) {
  return kMethodNames[static_cast<std::size_t>(method)];
}

Result<Bundle> ParseBundle(json::Value root, std::string_view base_url) {
  if (!root.is_object() || root["resourceType"].string() != "Bundle") {
    return Bad("structure", "the body is not a Bundle", "resourceType");
  }
  Bundle bundle;
  bundle.kind = KindOf(root["type"].string());
  const json::Value entries = root["entry"];
  if (entries && !entries.is_array()) {
    return Bad("structure", "Bundle.entry must be a list", "Bundle.entry");
  }
  for (const json::Value value : entries.elements()) {
    Entry& entry = bundle.entries.emplace_back();
    entry.index = bundle.entries.size() - 1;
    Status fault;
    if (bundle.kind == Kind::kOther) {
      entry.body = value["resource"];
    } else {
      fault = store::Within(ReadRequest(value, base_url, &entry), entry.path());
    }
    bundle.faults.push_back(std::move(fault));
  }
  return bundle;
}

}  // namespace strata::fhir::bundle
