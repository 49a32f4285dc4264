#include "core/host/canary.h"

#include <utility>

#include "core/host/instance.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

// FNV-1a, then the finaliser of MurmurHash3, so that similar names do not stay together.
std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

}  // namespace

Canary::Canary(const SlotRoute& live, SlotRoute candidate, const CanaryOrder& order)
    : slot_(live.instance->slot_number()),
      candidate_(std::move(candidate)),
      threshold_(order.percent >= 100 ? std::numeric_limits<std::uint64_t>::max()
                                      : static_cast<std::uint64_t>(order.percent / 100 * 0x1p64)),
      finder_(order.finder),
      control_(order.control) {
  for (std::uint32_t i = 0; i < live.instance->method_count(); ++i) {
    const std::string_view name = abi::View(live.instance->method(i).full_name);
    index_of_.push_back(candidate_.instance->MethodIndex(name));
  }
}

Side Canary::SideOf(std::string_view patient) const {
  return HashOf(patient) <= threshold_ ? Side::kCandidate : Side::kControl;
}

PeekedCall::PeekedCall(strata_call* outer) : ops_(*outer->ops), call_{} {
  static_cast<strata_call&>(call_) = *outer;
  call_.to = outer;
  call_.self = this;
  call_.ops = &ops_;
  // What the caller lacks stays absent.
  if (ops_.write != nullptr) {
    ops_.write = [](strata_call* c, strata_bytes m) { return To(c)->ops->write(To(c), m); };
  }
  ops_.read = &PeekedCall::Read;
  if (ops_.cancelled != nullptr) {
    ops_.cancelled = [](strata_call* c) { return To(c)->ops->cancelled(To(c)); };
  }
  if (ops_.on_cancel != nullptr) {
    ops_.on_cancel = [](strata_call* c, void (*fn)(void*), void* arg) {
      return To(c)->ops->on_cancel(To(c), fn, arg);
    };
  }
  if (ops_.off_cancel != nullptr) {
    ops_.off_cancel = [](strata_call* c, std::uint64_t id) { To(c)->ops->off_cancel(To(c), id); };
  }
  if (ops_.set_status != nullptr) {
    ops_.set_status = [](strata_call* c, const strata_status* s) {
      To(c)->ops->set_status(To(c), s);
    };
  }
  if (ops_.set_trailer != nullptr) {
    ops_.set_trailer = [](strata_call* c, const strata_kv* kv) {
      To(c)->ops->set_trailer(To(c), kv);
    };
  }
  ops_.finish = nullptr;
}

strata_bytes PeekedCall::First() {
  const auto read = call_.to->ops->read;
  code_ = read != nullptr ? read(call_.to, &first_) : STRATA_OUT_OF_RANGE;
  held_ = true;
  return code_ == STRATA_OK ? first_ : strata_bytes{};
}

strata_code PeekedCall::Read(strata_call* c, strata_bytes* out) {
  PeekedCall& self = *static_cast<Call*>(c)->self;
  if (!self.held_) {
    const auto read = self.call_.to->ops->read;
    return read != nullptr ? read(self.call_.to, out) : STRATA_OUT_OF_RANGE;
  }
  self.held_ = false;
  if (self.code_ == STRATA_OK) *out = self.first_;
  return self.code_;
}

}  // namespace strata::host
