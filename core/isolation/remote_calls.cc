// The calls that RemotePlugin forwards.
#include <algorithm>
#include <utility>

#include "core/isolation/call_parts.h"
#include "core/isolation/forward.h"
#include "core/isolation/lane_call.h"
#include "core/isolation/remote_plugin.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

using std::chrono::steady_clock;

Shape ShapeOf(std::int32_t kind) {
  if (kind == STRATA_UNARY) return Shape::kUnary;
  return kind == STRATA_SERVER_STREAM ? Shape::kResponses : Shape::kFramed;
}

}  // namespace

std::shared_ptr<Link> RemotePlugin::CurrentLink() const {
  const base::MutexLock lock(mutex_);
  return link_ != nullptr && !link_->broken() ? link_ : nullptr;
}

std::shared_ptr<Link> RemotePlugin::WaitForLink(const strata_call* c, std::string* why) {
  steady_clock::time_point until = steady_clock::now() + kMaxWait;
  if (c->deadline_us != 0) until = std::min(until, abi::FromUs(c->deadline_us));
  const base::MutexLock lock(mutex_);
  while (link_ == nullptr || link_->broken()) {
    if (!quarantine_.empty() || phase_ != Phase::kRunning) {
      *why = quarantine_.empty() ? "its process has ended (" + last_end_ + ")" : quarantine_;
      return nullptr;
    }
    if (!changed_.WaitUntil(mutex_, until) && steady_clock::now() >= until) {
      *why = "its process is being restarted";
      return nullptr;
    }
  }
  return link_;
}

std::string RemotePlugin::CallHeadOf(const strata_call* c, const std::string& token) const {
  v1::CallHead head;
  AddPairs({c->metadata, c->metadata_count}, head.mutable_metadata());
  head.set_auth(std::string(abi::View(c->auth)));
  head.set_token(token);
  head.set_flags(c->flags);
  head.set_handle(c->method);
  head.set_deadline_us(c->deadline_us);
  head.set_framed(ShapeOf(descriptor_.method(c->method).kind) == Shape::kFramed);
  return head.SerializeAsString();
}

// Of a call with one request.
bool RemotePlugin::MayRepeat(const strata_call* c) const {
  const RemoteDescriptor::Method& method = descriptor_.method(c->method);
  if ((method.flags & STRATA_METHOD_IDEMPOTENT) != 0) return true;
  return HasField(abi::View(c->request), method.request_id_field);
}

Shape RemotePlugin::ShapeFor(const strata_call* c) const {
  const RemoteDescriptor::Method& method = descriptor_.method(c->method);
  const Shape shape = ShapeOf(method.kind);
  const bool endless = (method.flags & STRATA_METHOD_ENDLESS) != 0;
  return shape == Shape::kResponses && !endless && MayRepeat(c) ? Shape::kRepeatable : shape;
}

// On a lane where there is one: a watch would keep it, and requests that stream need gRPC.
Forwarded RemotePlugin::Send(Link& link, const std::string& head, Shape shape,
                             KeptRequests* requests, strata_call* c) const {
  const RemoteDescriptor::Method& method = descriptor_.method(c->method);
  std::unique_ptr<Lane> lane;
  if ((method.flags & STRATA_METHOD_ENDLESS) == 0 && FitsLane(shape, head, c)) {
    lane = link.lanes().Take(c->deadline_us);
  }
  if (lane == nullptr) {
    return Forward(link.channel(), method.full_name, head, shape, requests, c);
  }
  const Forwarded done = CallOnLane(lane.get(), link.host(), head, shape, c);
  link.lanes().Give(std::move(lane));
  return done;
}

strata_code RemotePlugin::Handle(strata_call* c) {
  if (c->method >= descriptor_.method_count()) {
    return PassStatus(STRATA_UNIMPLEMENTED, "no such method", {}, c);
  }
  const RemoteDescriptor::Method& method = descriptor_.method(c->method);
  const Shape shape = ShapeFor(c);
  KeptRequests requests(c, method.request_id_field, &kept_room_);
  std::string why;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::shared_ptr<Link> link = WaitForLink(c, &why);
    if (link == nullptr) return PassStatus(STRATA_UNAVAILABLE, why, {}, c);
    const std::string token = link->calls().Add(c);
    const Forwarded done = Send(*link, CallHeadOf(c, token), shape, &requests, c);
    link->calls().Remove(token);
    if (!done.broken) return done.code;
    link->Break();
    const bool again = shape == Shape::kFramed ? requests.whole() : MayRepeat(c);
    if (done.delivered || !again) break;
    requests.Rewind();
  }
  return PassStatus(
      STRATA_UNAVAILABLE,
      "the plugin's process ended during the call; whether it was carried out is unknown", {}, c);
}

}  // namespace strata::isolation
