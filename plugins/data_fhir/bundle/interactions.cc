#include "plugins/data_fhir/bundle/interactions.h"

namespace strata::fhir::bundle {
namespace {

template <typename Request>
Request Target(const Entry& entry, const std::string& request_id) {
  Request request;
  request.set_type(entry.url.type);
  request.set_id(entry.url.id);
  request.set_if_match_version_id(entry.if_match);
  request.set_conditional(entry.url.conditional());
  if (request.conditional()) *request.mutable_condition() = entry.url.parameters;
  request.set_request_id(request_id);
  return request;
}

}  // namespace

data::v1::CreateRequest CreateRequestOf(const Entry& entry, const std::string& request_id) {
  data::v1::CreateRequest request;
  request.set_type(entry.url.type);
  request.set_json(std::string(entry.body.raw()));
  request.set_conditional(entry.conditional_create);
  *request.mutable_if_none_exist() = entry.if_none_exist;
  request.set_request_id(request_id);
  return request;
}

data::v1::UpdateRequest UpdateRequestOf(const Entry& entry, const std::string& request_id) {
  auto request = Target<data::v1::UpdateRequest>(entry, request_id);
  request.set_json(std::string(entry.body.raw()));
  request.set_if_none_match_any(entry.if_none_match_any);
  return request;
}

data::v1::PatchRequest PatchRequestOf(const Entry& entry, const std::string& request_id) {
  auto request = Target<data::v1::PatchRequest>(entry, request_id);
  request.set_format(entry.patch_format);
  request.set_patch(entry.patch);
  return request;
}

data::v1::DeleteRequest DeleteRequestOf(const Entry& entry, const std::string& request_id) {
  return Target<data::v1::DeleteRequest>(entry, request_id);
}

}  // namespace strata::fhir::bundle
