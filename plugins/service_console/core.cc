#include "plugins/service_console/core.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

// No slot has this name (core/host/README.md: names are lower-case letters, digits, - and _).
constexpr char kNoSlot[] = "?";

template <typename Response, typename Call>
Result<Response> Ask(Call call) {
  Response response;
  if (strata::Status status = call(&response); !status.ok()) return status;
  return response;
}

// The first message of a stream that tells how something is now.
template <typename Message, typename Call>
Result<Message> First(Call call) {
  Message found;
  bool any = false;
  const strata::Status status = call([&](Message& message) {
    found = std::move(message);
    any = true;
    return false;
  });
  if (any) return found;
  return status.ok() ? strata::Status(NotFound("there is nothing of that id")) : status;
}

}  // namespace

Result<v1::StatusResponse> Core::Status(Context& cx) const {
  return Ask<v1::StatusResponse>([&](auto* out) { return client_.Status(cx, {}, out); });
}

Result<v1::ListPluginsResponse> Core::Packages(Context& cx) const {
  return Ask<v1::ListPluginsResponse>([&](auto* out) { return client_.ListPlugins(cx, {}, out); });
}

Result<v1::ChangeResponse> Core::Swap(Context& cx, const v1::SwapRequest& request) const {
  return Ask<v1::ChangeResponse>([&](auto* out) { return client_.Swap(cx, request, out); });
}

Result<v1::ChangeResponse> Core::Rollback(Context& cx, const v1::RollbackRequest& request) const {
  return Ask<v1::ChangeResponse>([&](auto* out) { return client_.Rollback(cx, request, out); });
}

Result<v1::ChangeResponse> Core::Move(Context& cx, const v1::MoveHostingRequest& request) const {
  return Ask<v1::ChangeResponse>([&](auto* out) { return client_.MoveHosting(cx, request, out); });
}

Result<v1::ChangeResponse> Core::CommitFormat(Context& cx,
                                              const v1::CommitFormatRequest& request) const {
  return Ask<v1::ChangeResponse>([&](auto* out) { return client_.CommitFormat(cx, request, out); });
}

Result<v1::ChangeResponse> Core::Apply(Context& cx, const v1::ApplyRequest& request) const {
  return Ask<v1::ChangeResponse>([&](auto* out) { return client_.Apply(cx, request, out); });
}

Result<v1::ListChangesResponse> Core::Changes(Context& cx, const std::string& slot,
                                              std::uint32_t limit) const {
  v1::ListChangesRequest request;
  request.set_slot(slot);
  request.set_limit(limit);
  return Ask<v1::ListChangesResponse>(
      [&](auto* out) { return client_.ListChanges(cx, request, out); });
}

Result<v1::Change> Core::FindChange(Context& cx, const std::string& id) const {
  v1::WatchChangeRequest request;
  request.set_id(id);
  return First<v1::Change>([&](auto sink) { return client_.WatchChange(cx, request, sink); });
}

Result<v1::Change> Core::EndChange(Context& cx, const std::string& id) const {
  v1::EndChangeRequest request;
  request.set_id(id);
  STRATA_ASSIGN_OR_RETURN(
      v1::EndChangeResponse response,
      Ask<v1::EndChangeResponse>([&](auto* out) { return client_.EndChange(cx, request, out); }));
  return std::move(*response.mutable_change());
}

Result<v1::ListTrialsResponse> Core::Trials(Context& cx) const {
  return Ask<v1::ListTrialsResponse>([&](auto* out) { return client_.ListTrials(cx, {}, out); });
}

Result<v1::Trial> Core::FindTrial(Context& cx, const std::string& id) const {
  v1::WatchTrialRequest request;
  request.set_id(id);
  return First<v1::Trial>([&](auto sink) { return client_.WatchTrial(cx, request, sink); });
}

Result<v1::Trial> Core::StartTrial(Context& cx, const v1::StartTrialRequest& request) const {
  return Ask<v1::Trial>([&](auto* out) { return client_.StartTrial(cx, request, out); });
}

Result<v1::Trial> Core::EndTrial(Context& cx, const std::string& id) const {
  v1::EndTrialRequest request;
  request.set_id(id);
  return Ask<v1::Trial>([&](auto* out) { return client_.EndTrial(cx, request, out); });
}

bool Core::Can(Context& cx, Ability ability) const {
  std::atomic<std::uint8_t>& known = known_[static_cast<std::size_t>(ability)];
  if (const std::uint8_t answer = known.load(); answer != 0) return answer == 1;
  const Code code = Probe(cx, ability);
  if (code == Code::kUnavailable || code == Code::kDeadlineExceeded || code == Code::kCancelled) {
    return true;  // It will say so itself.
  }
  known.store(code == Code::kUnimplemented ? 2 : 1);
  return code != Code::kUnimplemented;
}

Code Core::Probe(Context& cx, Ability ability) const {
  const auto plan = [](auto request) {
    request.set_slot(kNoSlot);
    request.set_plan_only(true);
    return request;
  };
  switch (ability) {
    case Ability::kSwap:
      return Swap(cx, plan(v1::SwapRequest())).status().code();
    case Ability::kRollback:
      return Rollback(cx, plan(v1::RollbackRequest())).status().code();
    case Ability::kMove:
      return Move(cx, plan(v1::MoveHostingRequest())).status().code();
    case Ability::kFormat:
      return CommitFormat(cx, plan(v1::CommitFormatRequest())).status().code();
    case Ability::kTrial:
      return Trials(cx).status().code();
    case Ability::kHistory:
      return Changes(cx, {}, 1).status().code();
  }
  return Code::kUnimplemented;
}

}  // namespace strata::console
