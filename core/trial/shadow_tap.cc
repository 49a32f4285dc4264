#include "core/trial/shadow_tap.h"

#include <memory>
#include <utility>

#include "core/base/ids.h"
#include "core/sdk/strata/abi.h"
#include "core/trial/exceptions.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

constexpr std::string_view kHandle = "/strata.service.v1.DigitalService/Handle";
// A call with more than this, or longer, is not worth holding.
constexpr std::size_t kMaxCopyBytes = std::size_t{4} << 20;
constexpr std::int64_t kMaxDurationNs = 5'000'000'000;

thread_local int t_aside = 0;

// xorshift64*: which calls are copied must not depend on anything in them.
std::uint64_t NextRandom() {
  thread_local std::uint64_t state = base::RandomId() | 1;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1DULL;
}

bool IsRead(const strata_method& method) { return (method.flags & STRATA_METHOD_READ_ONLY) != 0; }

}  // namespace

ShadowTap::Aside::Aside() { ++t_aside; }
ShadowTap::Aside::~Aside() { --t_aside; }

// A read that is being copied. Deletes itself at the end.
class ShadowTap::Recording final : public host::CallObserver {
 public:
  Recording(ShadowTap& tap, const strata_method& method, const strata_call& call) : tap_(tap) {
    copy_.method = abi::View(method.full_name);
    copy_.writes = tap.writes_.Settled();
    copy_.begun = std::chrono::steady_clock::now();
    copy_.auth = abi::View(call.auth);
    for (std::size_t i = 0; i < call.metadata_count; ++i) {
      copy_.metadata.emplace_back(abi::View(call.metadata[i].key),
                                  abi::View(call.metadata[i].value));
    }
    if (method.kind == STRATA_UNARY || method.kind == STRATA_SERVER_STREAM) Request(call.request);
  }

  void Request(strata_bytes message) override {
    if (copy_.requests.empty() && copy_.method == kHandle) wanted_ = IsSafe(message);
    if (wanted_) Keep(message, &copy_.requests);
  }
  void Response(strata_bytes message) override {
    if (wanted_) Keep(message, &copy_.responses);
  }

  void End(strata_code code, std::int64_t duration_ns) override {
    const std::unique_ptr<Recording> self(this);
    if (!wanted_) return;
    copy_.code = code;
    copy_.duration_ns = duration_ns;
    if (copy_.writes != tap_.writes_.Settled()) copy_.writes = Copy::kUnclear;
    if (too_large_ || duration_ns > kMaxDurationNs || !tap_.queue_.TryPush(std::move(copy_))) {
      tap_.left_out_.fetch_add(1, std::memory_order_relaxed);
    }
  }

 private:
  void Keep(strata_bytes message, std::vector<std::string>* to) {
    copy_.bytes += message.size;
    if (copy_.bytes > kMaxCopyBytes) too_large_ = true;
    if (!too_large_) to->emplace_back(abi::View(message));
  }

  // RFC 9110 section 9.2.1, as far as a trial copies them.
  static bool IsSafe(strata_bytes first) {
    service::v1::HandleRequest request;
    if (!request.ParseFromArray(first.data, static_cast<int>(first.size))) return false;
    return request.head().method() == "GET" || request.head().method() == "HEAD";
  }

  ShadowTap& tap_;
  Copy copy_;
  bool wanted_ = true;
  bool too_large_ = false;
};

// A write that is being logged. Deletes itself at the end.
class ShadowTap::Write final : public host::CallObserver {
 public:
  Write(WriteLog& log, const strata_method& method, const strata_call& call)
      : log_(log), changes_(abi::View(method.full_name), call.request) {
    log_.Begin();
  }
  void Request(strata_bytes) override {}
  void Response(strata_bytes message) override { changes_.Response(message); }
  void End(strata_code, std::int64_t) override {
    log_.End(changes_.Take());
    delete this;
  }

 private:
  WriteLog& log_;
  ChangeReader changes_;
};

ShadowTap::ShadowTap(TapTarget target, CopyQueue& queue)
    : target_(std::move(target)),
      threshold_(target_.share >= 1 ? ~std::uint64_t{0}
                                    : static_cast<std::uint64_t>(target_.share * 0x1p64)),
      queue_(queue) {}

bool ShadowTap::Sampled() const { return threshold_ != 0 && NextRandom() <= threshold_; }

bool ShadowTap::Wanted(const strata_method& method) const {
  const std::string_view name = abi::View(method.full_name);
  const bool endless = (method.flags & STRATA_METHOD_ENDLESS) != 0;
  return (IsRead(method) || name == kHandle) && !endless && !NotComparable(name);
}

host::CallObserver* ShadowTap::Begin(std::uint32_t slot, const strata_method& method,
                                     const strata_call& call) {
  if (slot == target_.slot && Wanted(method)) {
    return t_aside == 0 && Sampled() ? new Recording(*this, method, call) : nullptr;
  }
  const bool writes = target_.written.contains(slot) && !IsRead(method) &&
                      !OnlyOpensViews(abi::View(method.full_name));
  return writes ? new Write(writes_, method, call) : nullptr;
}

}  // namespace strata::trial
