#include "core/trial/live_link.h"

#include <utility>

#include "core/sdk/strata/abi.h"
#include "core/trial/exceptions.h"

namespace strata::trial {
namespace {

// The call as the live slot gets it: everything else is asked of the candidate's own call.
struct Forwarded : strata_call {
  strata_call* to = nullptr;
};

strata_call* To(strata_call* c) { return static_cast<Forwarded*>(c)->to; }

constexpr strata_call_ops kOps = {
    sizeof(strata_call_ops),
    [](strata_call* c, strata_bytes message) { return To(c)->ops->write(To(c), message); },
    [](strata_call* c, strata_bytes* out) -> strata_code {
      const auto read = To(c)->ops->read;
      return read != nullptr ? read(To(c), out) : STRATA_OUT_OF_RANGE;
    },
    [](strata_call* c) { return To(c)->ops->cancelled(To(c)); },
    [](strata_call* c, void (*fn)(void*), void* arg) {
      return To(c)->ops->on_cancel(To(c), fn, arg);
    },
    [](strata_call* c, std::uint64_t id) { To(c)->ops->off_cancel(To(c), id); },
    [](strata_call* c, const strata_status* s) { To(c)->ops->set_status(To(c), s); },
    [](strata_call* c, const strata_kv* kv) { To(c)->ops->set_trailer(To(c), kv); },
    nullptr};

strata_code Answer(strata_call* call, strata_code code, std::string_view why) {
  const strata_status status{sizeof(strata_status), code, abi::Str(why), {}};
  call->ops->set_status(call, &status);
  return code;
}

}  // namespace

LiveLink::LiveLink(host::Ingress& live, std::string slot, host::Manifest manifest,
                   const strata_descriptor& descriptor)
    : live_(live), slot_(std::move(slot)), manifest_(std::move(manifest)) {
  for (std::size_t i = 0; i < descriptor.method_count; ++i) {
    names_.emplace_back(abi::View(descriptor.methods[i].full_name));
  }
  for (std::size_t i = 0; i < descriptor.method_count; ++i) {
    methods_.push_back(descriptor.methods[i]);
    methods_.back().full_name = abi::Str(names_[i]);
    methods_.back().flags &= ~std::uint32_t{STRATA_METHOD_ASYNC};
  }
  descriptor_.struct_size = sizeof descriptor_;
  descriptor_.id = abi::Str(manifest_.id);
  descriptor_.version = abi::Str(manifest_.version);
  descriptor_.layer = abi::Str(manifest_.layer);
  descriptor_.contracts_version = descriptor.contracts_version;
  descriptor_.methods = methods_.data();
  descriptor_.method_count = methods_.size();
  const auto fine = [](void*, strata_status*) -> strata_code { return STRATA_OK; };
  table_.struct_size = sizeof table_;
  table_.desc = &descriptor_;
  table_.start = fine;
  table_.health = fine;
  table_.handle = &LiveLink::Handle;
  table_.drain = [](void*, std::int64_t, strata_status*) -> strata_code { return STRATA_OK; };
  table_.stop = [](void*) {};
  table_.destroy = [](void*) {};
}

host::ExternalSlot LiveLink::External() {
  host::ExternalSlot out;
  out.manifest = manifest_;
  // Requirements, settings and what it keeps are the live slot's.
  out.manifest.requirements.clear();
  out.manifest.formats = {};
  out.manifest.config_schema = R"({"type": "object"})";
  // Not owned: this object outlives the stack.
  out.plugin = std::shared_ptr<const strata_plugin>(std::shared_ptr<const void>(), &table_);
  out.instance = this;
  return out;
}

strata_code LiveLink::Handle(void* self, strata_call* call) {
  return static_cast<LiveLink*>(self)->Forward(call);
}

strata_code LiveLink::Forward(strata_call* call) {
  if (call->method >= methods_.size()) return STRATA_UNIMPLEMENTED;
  const strata_method& method = methods_[call->method];
  const std::string& name = names_[call->method];
  if ((method.flags & STRATA_METHOD_READ_ONLY) == 0 && !OnlyOpensViews(name)) {
    refused_.fetch_add(1);
    return Answer(call, STRATA_PERMISSION_DENIED, "a candidate on trial may only read live data");
  }
  auto pin = live_.Enter(call->deadline_us);
  if (!pin.ok()) return Answer(call, STRATA_UNAVAILABLE, pin.status().message());
  const auto target = (*pin)->FindMethod(slot_, name);
  if (!target.ok()) return Answer(call, STRATA_UNAVAILABLE, target.status().message());
  Forwarded inner{};
  static_cast<strata_call&>(inner) = *call;
  inner.struct_size = sizeof(strata_call);
  inner.ops = &kOps;
  inner.parent = nullptr;
  inner.host_ref = 0;
  inner.to = call;
  return (*pin)->Call(*target, &inner);
}

}  // namespace strata::trial
