#include <algorithm>
#include <utility>

#include "strata/hosting/v1/hosting.pb.h"
#include "tests/gateway/grpc_client.h"
#include "tests/history/register_client.h"

namespace strata::history {
namespace {

namespace v1 = hosting::v1;
using Outcome = Operation::Outcome;

class HostingClient final : public RegisterClient {
 public:
  HostingClient(StrataProcess& process, std::string slot)
      : process_(process), slot_(std::move(slot)) {}

  Answer Read(const std::string& key) override {
    v1::GetRequest request;
    request.add_keys(key);
    const testing::GrpcReply reply = Call("Get", request);
    v1::GetResponse response;
    if (!reply.status.ok()) return NoAnswer(reply.status);
    if (!response.ParseFromString(reply.messages.at(0)) || response.entries_size() != 1) {
      return {Outcome::kUnknown, 0, 0, "Get answered something else"};
    }
    const v1::Entry& entry = response.entries(0);
    return {
        Outcome::kOk, entry.version(), entry.version() == 0 ? 0 : std::stoull(entry.value()), {}};
  }

  Answer Write(const std::string& key, std::uint64_t value, std::optional<std::uint64_t> expected,
               const std::string& request_id) override {
    v1::CommitRequest request;
    request.set_request_id(request_id);
    v1::Put* const put = request.add_mutations()->mutable_put();
    put->set_key(key);
    put->set_value(std::to_string(value));
    if (expected && *expected == 0) request.add_preconditions()->set_key_absent(key);
    if (expected && *expected != 0) {
      v1::KeyVersion* const at = request.add_preconditions()->mutable_key_at_version();
      at->set_key(key);
      at->set_version(*expected);
    }
    const testing::GrpcReply reply = Call("Commit", request);
    if (reply.status.error_code() == grpc::StatusCode::ABORTED) {
      return {Outcome::kConflict, 0, 0, {}};
    }
    if (!reply.status.ok()) return NoAnswer(reply.status);
    v1::CommitResponse response;
    if (!response.ParseFromString(reply.messages.at(0))) return {};
    return {Outcome::kOk, response.version(), value, {}};
  }

  Listing List(const std::vector<std::string>& keys) override {
    v1::WatchRequest request;
    request.set_stop_at_end(true);
    Listing out;
    for (const std::string& message : Call("Watch", request).messages) {
      v1::WatchResponse response;
      response.ParseFromString(message);
      for (const v1::CommitEvent& event : response.commits()) {
        for (const v1::Change& change : event.changes()) {
          if (std::find(keys.begin(), keys.end(), change.key()) == keys.end()) continue;
          out.push_back({change.key(), event.version(), 0});
        }
      }
    }
    return out;
  }

 private:
  static Answer NoAnswer(const grpc::Status& status) {
    Answer answer;
    const bool expected = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                          status.error_code() == grpc::StatusCode::CANCELLED;
    if (!expected) {
      answer.fault = "gRPC " + std::to_string(status.error_code()) + " " + status.error_message();
    }
    return answer;
  }

  testing::GrpcReply Call(const std::string& method, const google::protobuf::MessageLite& request) {
    const Endpoints where = process_.Where();
    testing::GrpcReply none;
    none.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
    if (where.life == 0) return none;
    if (client_ == nullptr || life_ != where.life) {
      client_ = std::make_unique<testing::GrpcClient>(where.grpc);
      life_ = where.life;
    }
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context.AddMetadata("strata-slot", slot_);
    return client_->Call("/strata.hosting.v1.Hosting/" + method, {request.SerializeAsString()},
                         &context);
  }

  StrataProcess& process_;
  const std::string slot_;
  std::unique_ptr<testing::GrpcClient> client_;
  std::uint64_t life_ = 0;
};

}  // namespace

std::unique_ptr<RegisterClient> MakeHostingClient(StrataProcess& process, std::string slot) {
  return std::make_unique<HostingClient>(process, std::move(slot));
}

}  // namespace strata::history
