#include "tests/host/change_client.h"

#include "strata/common/v1/common.pb.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using core::v1::Change;

std::string LocalAuth() {
  common::v1::AuthContext auth;
  auth.set_assurance(common::v1::AuthContext::ASSURANCE_LOCAL);
  return auth.SerializeAsString();
}

bool Switched(const Change& change) { return change.state() != Change::STATE_RUNNING; }
bool Never(const Change&) { return false; }

}  // namespace

template <typename Request, typename Response>
Status ChangeClient::Call(const std::string& method, const Request& request, Response* response) {
  IngressCall call(request.SerializeAsString());
  call.SetAuth(LocalAuth());
  auto pin = stack_.Enter(0);
  if (!pin.ok()) return pin.status();
  const auto target = (*pin)->FindMethod("core", "/strata.core.v1.Core/" + method);
  if (!target.ok()) return target.status();
  const strata_code code = (*pin)->Call(*target, call.call());
  if (code != STRATA_OK) return {static_cast<Code>(code), call.message()};
  response->ParseFromString(call.responses().at(0));
  return OkStatus();
}

Result<core::v1::ChangeResponse> ChangeClient::Swap(const core::v1::SwapRequest& request) {
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("Swap", request, &response));
  return response;
}

Result<core::v1::ChangeResponse> ChangeClient::Apply(const core::v1::ApplyRequest& request) {
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("Apply", request, &response));
  return response;
}

Result<core::v1::ChangeResponse> ChangeClient::MoveHosting(
    const core::v1::MoveHostingRequest& request) {
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("MoveHosting", request, &response));
  return response;
}

Result<core::v1::ChangeResponse> ChangeClient::MoveData(const core::v1::MoveDataRequest& request) {
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("MoveData", request, &response));
  return response;
}

Result<core::v1::ChangeResponse> ChangeClient::Rollback(const std::string& slot) {
  core::v1::RollbackRequest request;
  request.set_slot(slot);
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("Rollback", request, &response));
  return response;
}

Result<core::v1::ChangeResponse> ChangeClient::CommitFormat(
    const core::v1::CommitFormatRequest& request) {
  core::v1::ChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("CommitFormat", request, &response));
  return response;
}

Result<Change> ChangeClient::End(const std::string& id) {
  core::v1::EndChangeRequest request;
  request.set_id(id);
  core::v1::EndChangeResponse response;
  STRATA_RETURN_IF_ERROR(Call("EndChange", request, &response));
  return response.change();
}

core::v1::StatusResponse ChangeClient::Status() {
  core::v1::StatusResponse response;
  static_cast<void>(Call("Status", core::v1::StatusRequest(), &response));
  return response;
}

core::v1::ListChangesResponse ChangeClient::List(const std::string& slot) {
  core::v1::ListChangesRequest request;
  request.set_slot(slot);
  core::v1::ListChangesResponse response;
  static_cast<void>(Call("ListChanges", request, &response));
  return response;
}

Change ChangeClient::WaitUntil(const std::string& id,
                               const std::function<bool(const Change&)>& enough) {
  core::v1::WatchChangeRequest request;
  request.set_id(id);
  IngressCall call(request.SerializeAsString());
  Change last;
  call.on_response = [&] {
    last.ParseFromString(call.responses().back());
    return enough(last) ? STRATA_CANCELLED : STRATA_OK;
  };
  auto pin = stack_.Enter(0);
  if (!pin.ok()) return last;
  const auto target = (*pin)->FindMethod("core", "/strata.core.v1.Core/WatchChange");
  (*pin)->Call(*target, call.call());
  return last;
}

Change ChangeClient::WaitSwitched(const std::string& id) { return WaitUntil(id, Switched); }
Change ChangeClient::WaitEnded(const std::string& id) { return WaitUntil(id, Never); }

Result<Change> ChangeClient::SwapAndWait(const std::string& slot, const std::string& package,
                                         std::uint32_t probation_s) {
  core::v1::SwapRequest request;
  request.set_slot(slot);
  request.set_package(package);
  request.set_probation_s(probation_s);
  STRATA_ASSIGN_OR_RETURN(const auto response, Swap(request));
  const Change change = WaitSwitched(response.change().id());
  if (change.state() == Change::STATE_FAILED) return Aborted(change.reason());
  return change;
}

}  // namespace strata::host
