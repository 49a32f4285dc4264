#include "plugins/data_fhir/service/presentation.h"

#include "core/base/json.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/reader.h"

namespace strata::fhir::service {

Result<std::string> Presented(std::string_view json, const subset::Subset& subset,
                              subset::Role role) {
  if (subset.is_whole() || json.empty()) return std::string(json);
  const auto document = json::Document::Parse(json);
  if (!document.ok()) return DataLoss("a stored resource is no JSON");
  return subset.Cut(document->root(), role);
}

Result<subset::Subset> SubsetOf(
    const google::protobuf::RepeatedPtrField<data::v1::Parameter>& parameters,
    std::string_view type) {
  subset::Subset subset;
  for (const data::v1::Parameter& parameter : parameters) {
    Status status = InvalidArgument("there is no such parameter here: use _summary or _elements");
    if (parameter.name() == "_summary") status = subset.AddSummary(parameter.value());
    if (parameter.name() == "_elements") status = subset.AddElements(parameter.value(), type);
    if (status.ok() && subset.summary() == subset::Summary::kCount) {
      status = InvalidArgument("_summary=count belongs to searches");
    }
    if (!status.ok()) {
      return store::Fault(Code::kInvalidArgument, "invalid", status.message(), parameter.name());
    }
  }
  return subset;
}

Status ReadPart(store::Store& store, const Context& cx, const data::v1::ReadRequest& request,
                data::v1::ReadResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const auto subset, SubsetOf(request.parameters(), request.type()));
  STRATA_RETURN_IF_ERROR(store::Read(store, cx, request, response));
  std::string* json = response->mutable_resource()->mutable_json();
  STRATA_ASSIGN_OR_RETURN(*json, Presented(*json, subset, subset::Role::kMatch));
  return {};
}

}  // namespace strata::fhir::service
