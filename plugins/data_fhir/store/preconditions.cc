#include "plugins/data_fhir/store/preconditions.h"

#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::store {

Status CheckIfMatch(const Current& current, std::string_view version_id) {
  if (version_id.empty()) return {};
  const bool matches =
      version_id == kAnyVersion || ParseVersionId(version_id) == current.header.version_id;
  if (current.exists() && matches) return {};
  return Fault(Code::kFailedPrecondition, "conflict",
               current.exists() ? "the resource has another version by now: read it and try again"
                                : "there is no resource whose version could match",
               "http.If-Match");
}

Status CheckIfNoneMatchAny(const Current& current) {
  if (!current.exists()) return {};
  return Fault(Code::kFailedPrecondition, "conflict", "the resource exists already",
               "http.If-None-Match");
}

Status CheckIdOfBody(std::string_view type, std::string_view url_id, std::string_view body_id) {
  const std::string element = std::string(type).append(".id");
  if (body_id.empty()) {
    return Fault(Code::kInvalidArgument, "required",
                 "the resource of an update must carry the id of the URL", element);
  }
  if (body_id != url_id) {
    return Fault(Code::kInvalidArgument, "value", "the resource's id is not the id of the URL",
                 element);
  }
  return {};
}

bool IsUnchanged(const Version& stored, std::string_view composed_as_stored) {
  return stored.json == composed_as_stored;
}

Result<ConditionGuard> ConditionGuard::Read(Store& store, const Context& cx, std::string_view type,
                                            const Parameters& condition) {
  std::string text(type);
  for (const auto& parameter : condition) {
    text.append(1, '\0').append(parameter.name()).append(1, '\0').append(parameter.value());
  }
  ConditionGuard guard;
  guard.key_ = layout::ConditionKey(text);
  STRATA_ASSIGN_OR_RETURN(const HostedRow row, store.hosting.GetOne(cx, guard.key_));
  guard.version_ = row.version;
  return guard;
}

void ConditionGuard::AddTo(RowChanges* changes) const {
  changes->RequireUnchanged(key_, version_);
  changes->Put(key_, {});
}

}  // namespace strata::fhir::store
