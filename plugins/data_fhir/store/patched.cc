#include "plugins/data_fhir/store/patched.h"

#include <utility>

#include "plugins/data_fhir/patch/patch.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::store {
namespace {

using data::v1::PatchRequest;

constexpr std::string_view kExpression = "patch";

Status PatchFault(const Status& status) {
  switch (status.code()) {
    case Code::kFailedPrecondition:
      return Fault(Code::kInvalidArgument, "processing", status.message(), kExpression);
    case Code::kResourceExhausted:
      return Fault(status.code(), "too-costly", status.message(), kExpression);
    default:
      return Fault(status.code(), "invalid", status.message(), kExpression);
  }
}

// What the server sets is as it was, or gone with the object around it.
Status CheckServersOwn(json::Value before, json::Value after) {
  const json::Value type = after["resourceType"];
  const json::Value id = after["id"];
  const json::Value version = after["meta"]["versionId"];
  const bool kept = type.string() == before["resourceType"].string() &&
                    id.string() == before["id"].string() &&
                    (!version || version.string() == before["meta"]["versionId"].string());
  return kept ? OkStatus() : PatchFault(patch::ServersOwn());
}

}  // namespace

Result<json::Document> Patched(const Version& stored, PatchRequest::Format format,
                               std::string_view patch) {
  Result<json::Document> operations =
      json::Document::Parse(WithoutByteOrderMark(patch), {.max_bytes = kMaxResourceBytes});
  if (!operations.ok()) return JsonFault(operations.status());
  STRATA_ASSIGN_OR_RETURN(const json::Document before, json::Document::Parse(stored.json));
  Result<std::string> text = InvalidArgument("the request does not say which kind of patch it is");
  if (format == PatchRequest::FORMAT_JSON_PATCH) {
    text = patch::ApplyJsonPatch(before.root(), operations->root());
  } else if (format == PatchRequest::FORMAT_FHIRPATH_PATCH) {
    text = patch::ApplyFhirPathPatch(before.root(), operations->root());
  }
  if (!text.ok()) return PatchFault(text.status());
  Result<json::Document> after =
      json::Document::ParseOwned(*std::move(text), {.max_bytes = kMaxResourceBytes});
  if (!after.ok()) return JsonFault(after.status());
  STRATA_RETURN_IF_ERROR(CheckServersOwn(before.root(), after->root()));
  return after;
}

}  // namespace strata::fhir::store
