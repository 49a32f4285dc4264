#include "core/isolation/lane_call.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/isolation/call_client.h"
#include "core/isolation/call_parts.h"
#include "core/isolation/rpc_server.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

// A process that nests deeper than any contract asks for is wrong.
constexpr int kMostDepth = 16;

template <typename Message>
bool Parse(const std::string& bytes, Message* out) {
  return out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

class LaneForwarding;

// What the process asks for on behalf of the call that it serves.
struct NestedCall : strata_call {
  NestedCall(LaneForwarding* owner, const v1::CallHead& head, const std::string& request_bytes,
             strata_call* outer);

  strata_code Write(strata_bytes bytes);
  static NestedCall& Of(strata_call* c) { return static_cast<NestedCall&>(*c); }
  static const strata_call_ops kOps;

  LaneForwarding& forwarding;
  const std::vector<strata_kv> kvs;
  std::optional<std::string> held;  // The last response travels with the end.
  v1::CallEnd end;
  bool stopped = false;
};

class LaneForwarding {
 public:
  LaneForwarding(Lane* lane, const strata_host* host, bool hold, strata_call* c)
      : lane_(*lane), host_(host), hold_(hold), c_(*c) {}

  Forwarded Run(const std::string& head) {
    std::uint64_t cancel = 0;
    const bool cancels = c_.ops->on_cancel != nullptr && c_.ops->off_cancel != nullptr;
    if (cancels) {
      cancel = c_.ops->on_cancel(
          &c_, [](void* lane) { static_cast<Lane*>(lane)->Shut(); }, &lane_);
    }
    if (cancels && cancel == 0 && IsCancelled(&c_)) lane_.Shut();
    const std::string_view request = abi::View(c_.request);
    LaneFrame frame;
    const bool ended =
        Done(lane_.Send(LaneKind::kCall, head, &request, c_.deadline_us)) && Await(&frame);
    if (cancel != 0) c_.ops->off_cancel(&c_, cancel);
    Conclude(ended, frame);
    return out_;
  }

  // The next frame that is neither a response nor a nested call; those are seen to. False: there
  // will be none.
  bool Await(LaneFrame* frame) {
    while (Done(lane_.Receive(frame, c_.deadline_us))) {
      if (frame->kind == LaneKind::kNested) {
        if (!Nest(*frame)) return false;
      } else if (frame->kind == LaneKind::kData && frame->with_body) {
        if (!Take(std::move(frame->body))) return false;
      } else {
        return true;
      }
    }
    return false;
  }

  bool Send(LaneKind kind, std::string_view head, const std::string_view* body) {
    return Done(lane_.Send(kind, head, body, c_.deadline_us));
  }

 private:
  bool Done(Lane::Result result) {
    late_ = late_ || result == Lane::Result::kLate;
    return result == Lane::Result::kDone;
  }

  bool Take(std::string response) {
    if (hold_ && !out_.delivered && !held_) {
      held_ = std::move(response);
      return true;
    }
    return LetGo() && Deliver(response);
  }
  bool LetGo() {
    const std::optional<std::string> held = std::exchange(held_, std::nullopt);
    return !held || Deliver(*held);
  }
  bool Deliver(std::string_view response) {
    out_.delivered = true;
    refused_ = c_.ops->write(&c_, abi::Bytes(response)) != STRATA_OK;
    return !refused_;
  }

  bool Nest(const LaneFrame& frame) {
    v1::CallHead head;
    if (depth_ == kMostDepth || !Parse(frame.head, &head) || head.framed()) return false;
    NestedCall call(this, head, frame.body, &c_);
    ++depth_;
    const strata_code code = host_->call(host_, &call);
    --depth_;
    call.end.set_code(code);
    const std::string_view last = call.held ? *call.held : std::string_view();
    return Send(LaneKind::kNestedEnd, call.end.SerializeAsString(), call.held ? &last : nullptr);
  }

  // The plugin saw the deadline pass a moment before this side.
  bool EndedLate(const v1::CallEnd& end) const {
    return end.code() == STRATA_CANCELLED && !lane_.shut() && c_.deadline_us != 0 &&
           abi::MonotonicUs() >= c_.deadline_us;
  }

  void Conclude(bool ended, const LaneFrame& frame) {
    v1::CallEnd end;
    ended = ended && frame.kind == LaneKind::kEnd && Parse(frame.head, &end);
    if (ended && EndedLate(end)) late_ = true;
    if (ended && !late_ && LetGo() && (!frame.with_body || Deliver(frame.body))) {
      out_.code = PassEnd(end, &c_);
      return;
    }
    const bool cancelled = lane_.shut();  // By the caller: nobody else has done so yet.
    lane_.Shut();
    if (refused_ || cancelled) {
      // Who does not want the rest decides what that means.
      out_.code = STRATA_CANCELLED;
    } else if (late_) {
      end.Clear();
      end.set_code(STRATA_DEADLINE_EXCEEDED);
      end.set_message("Deadline Exceeded");
      out_.code = PassEnd(end, &c_);
    } else {
      out_.code = STRATA_UNAVAILABLE;
      out_.broken = true;
    }
  }

  Lane& lane_;
  const strata_host* const host_;
  const bool hold_;
  strata_call& c_;
  std::optional<std::string> held_;
  Forwarded out_;
  bool late_ = false;
  bool refused_ = false;
  int depth_ = 0;
};

NestedCall::NestedCall(LaneForwarding* owner, const v1::CallHead& head,
                       const std::string& request_bytes, strata_call* outer)
    : strata_call{}, forwarding(*owner), kvs(KvsOf(head.metadata())) {
  struct_size = sizeof(strata_call);
  flags = head.flags();
  ops = &kOps;
  method = head.handle();
  request = abi::Bytes(request_bytes);
  deadline_us = head.deadline_us();
  metadata = kvs.data();
  metadata_count = kvs.size();
  parent = outer;
}

strata_code NestedCall::Write(strata_bytes bytes) {
  if (stopped || bytes.size > static_cast<std::size_t>(kMaxMessageBytes)) return STRATA_CANCELLED;
  if (held) {
    const std::string_view body = *held;
    LaneFrame answer;
    stopped = !forwarding.Send(LaneKind::kData, {}, &body) || !forwarding.Await(&answer) ||
              answer.kind != LaneKind::kMore;
    held.reset();
    if (stopped) return STRATA_CANCELLED;
  }
  held.emplace(abi::View(bytes));
  return STRATA_OK;
}

// Cancelled with the call that it belongs to.
const strata_call_ops NestedCall::kOps = {
    sizeof(strata_call_ops),
    [](strata_call* c, strata_bytes bytes) { return Of(c).Write(bytes); },
    nullptr,
    [](strata_call* c) -> std::int32_t { return Of(c).stopped || IsCancelled(c->parent) ? 1 : 0; },
    [](strata_call* c, void (*fn)(void*), void* arg) -> std::uint64_t {
      const strata_call_ops& outer = *c->parent->ops;
      return outer.on_cancel == nullptr ? 0 : outer.on_cancel(c->parent, fn, arg);
    },
    [](strata_call* c, std::uint64_t id) {
      if (c->parent->ops->off_cancel != nullptr) c->parent->ops->off_cancel(c->parent, id);
    },
    [](strata_call* c, const strata_status* status) {
      Of(c).end.set_message(std::string(abi::View(status->message)));
      Of(c).end.set_details(std::string(abi::View(status->details)));
    },
    [](strata_call* c, const strata_kv* kv) {
      AddPair(abi::View(kv->key), abi::View(kv->value), Of(c).end.mutable_trailers());
    },
    nullptr};

}  // namespace

bool FitsLane(Shape shape, const std::string& head, const strata_call* c) {
  return shape != Shape::kFramed && head.size() <= static_cast<std::size_t>(kMaxMetadataBytes) &&
         c->request.size <= static_cast<std::size_t>(kMaxMessageBytes);
}

Forwarded CallOnLane(Lane* lane, const strata_host* host, const std::string& head, Shape shape,
                     strata_call* c) {
  return LaneForwarding(lane, host, /*hold=*/shape == Shape::kRepeatable, c).Run(head);
}

}  // namespace strata::isolation
