#include "plugins/data_fhir/patch/patch.h"

#include <utility>

namespace strata::fhir::patch {

Status Budget::Spend(std::size_t units) {
  if (units > left_) {
    left_ = 0;
    return ResourceExhausted("the patch asks for too much work: send it in parts");
  }
  left_ -= units;
  return {};
}

Status Malformed(std::string text) { return InvalidArgument(std::move(text)); }

Status Inapplicable(std::string text) { return FailedPrecondition(std::move(text)); }

Status InOperation(std::size_t index, std::string_view name, const Status& status) {
  if (status.ok()) return status;
  std::string text = "operation " + std::to_string(index);
  if (!name.empty()) text.append(" (").append(name).append(")");
  return Status(status.code(), text.append(": ").append(status.message()));
}

bool IsServersOwn(std::span<const std::string> place) {
  if (place.size() == 1) return place[0] == "resourceType" || place[0] == "id";
  return place.size() == 2 && place[0] == "meta" &&
         (place[1] == "versionId" || place[1] == "lastUpdated");
}

Status ServersOwn() {
  return Inapplicable(
      "resourceType, id, meta.versionId and meta.lastUpdated are set by the server and cannot be "
      "patched");
}

}  // namespace strata::fhir::patch
