#include "core/host/auth.h"

#include "strata/common/v1/common.pb.h"

namespace strata::host {

std::string SystemAuth(std::string_view slot, std::string_view request_id) {
  common::v1::AuthContext auth;
  auth.set_assurance(common::v1::AuthContext::ASSURANCE_SYSTEM);
  auth.set_subject("slot:" + std::string(slot));
  auth.set_issuer("strata");
  auth.set_request_id(std::string(request_id));
  return auth.SerializeAsString();
}

std::string RequestIdOf(std::string_view auth) {
  common::v1::AuthContext parsed;
  if (auth.empty() || !parsed.ParseFromArray(auth.data(), static_cast<int>(auth.size()))) return {};
  return parsed.request_id();
}

}  // namespace strata::host
