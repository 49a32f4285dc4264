#include "plugins/data_fhir/store/caller.h"

#include "plugins/data_fhir/store/fault.h"
#include "strata/common/v1/common.pb.h"

namespace strata::fhir::store {

Result<Caller> Identify(const Context& cx) {
  common::v1::AuthContext auth;
  const std::string_view bytes = cx.Auth();
  if (!auth.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fault(Code::kPermissionDenied, "security", "the caller's identity cannot be read");
  }
  if (!auth.tenant().empty()) {
    return Fault(Code::kUnimplemented, "not-supported",
                 "this store keeps one tenant only: a call for a named tenant is refused");
  }
  if (!auth.patient_id().empty()) {
    return Fault(
        Code::kUnimplemented, "not-supported",
        "calls confined to one patient's compartment are not supported yet and are refused");
  }
  return Caller{std::move(*auth.mutable_subject()), {}, {}};
}

}  // namespace strata::fhir::store
