#include "tests/history/core_client.h"

#include <grpcpp/create_channel.h>

namespace strata::history {
namespace {

namespace v1 = core::v1;
using v1::Change;

Change ChangeOf(const grpc::Status& status, const v1::ChangeResponse& response) {
  if (status.ok()) return response.change();
  Change failed;
  failed.set_state(Change::STATE_FAILED);
  failed.set_reason(status.error_message());
  return failed;
}

}  // namespace

CoreClient::CoreClient(const std::string& grpc_address)
    : stub_(v1::Core::NewStub(
          grpc::CreateChannel(grpc_address, grpc::InsecureChannelCredentials()))) {}

v1::StatusResponse CoreClient::Status() const {
  grpc::ClientContext context;
  v1::StatusResponse response;
  stub_->Status(&context, {}, &response);
  return response;
}

Change CoreClient::Newest() const {
  grpc::ClientContext context;
  v1::ListChangesRequest request;
  v1::ListChangesResponse response;
  stub_->ListChanges(&context, request, &response);
  return response.changes_size() > 0 ? response.changes(0) : Change();
}

Change CoreClient::Swap(const v1::SwapRequest& request) const {
  grpc::ClientContext context;
  v1::ChangeResponse response;
  return ChangeOf(stub_->Swap(&context, request, &response), response);
}

Change CoreClient::MoveHosting(const v1::MoveHostingRequest& request) const {
  grpc::ClientContext context;
  v1::ChangeResponse response;
  return ChangeOf(stub_->MoveHosting(&context, request, &response), response);
}

Change CoreClient::MoveData(const v1::MoveDataRequest& request) const {
  grpc::ClientContext context;
  v1::ChangeResponse response;
  return ChangeOf(stub_->MoveData(&context, request, &response), response);
}

Change CoreClient::Rollback(const std::string& slot) const {
  grpc::ClientContext context;
  v1::RollbackRequest request;
  request.set_slot(slot);
  v1::ChangeResponse response;
  return ChangeOf(stub_->Rollback(&context, request, &response), response);
}

Change CoreClient::Follow(const Change& change,
                          const std::function<bool(const Change&)>& enough) const {
  if (change.id().empty()) return change;
  grpc::ClientContext context;
  v1::WatchChangeRequest request;
  request.set_id(change.id());
  const auto reader = stub_->WatchChange(&context, request);
  Change last = change;
  for (Change seen; reader->Read(&seen);) {
    last = seen;
    if (seen.state() != Change::STATE_RUNNING || (enough && enough(seen))) break;
  }
  context.TryCancel();
  static_cast<void>(reader->Finish());
  return last;
}

}  // namespace strata::history
