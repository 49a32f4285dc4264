#include "tests/support/fake_ingress.h"

#include <algorithm>

namespace strata::testing {

class FakeIngress::FakePin final : public host::Pin {
 public:
  explicit FakePin(FakeIngress* ingress) : ingress_(*ingress) { ++ingress_.entered_; }
  ~FakePin() override { --ingress_.entered_; }

  std::uint64_t generation() const override { return 1; }
  const std::vector<host::MenuItem>& Menu() const override { return ingress_.menu_; }

  const host::HttpRoute* MatchHttp(std::string_view path) const override {
    const host::HttpRoute* best = nullptr;
    for (const host::HttpRoute& route : ingress_.routes_) {
      const bool below = route.path == "/" || path == route.path ||
                         (path.starts_with(route.path) && path[route.path.size()] == '/');
      if (below && (best == nullptr || route.path.size() > best->path.size())) best = &route;
    }
    return best;
  }

  Result<host::Target> FindMethod(std::string_view slot,
                                  std::string_view full_method) const override {
    bool other_slot = false;
    for (const Method& method : ingress_.methods_) {
      if (method.full_name != full_method) continue;
      if (slot.empty() || slot == method.slot) return method.target;
      other_slot = true;
    }
    if (other_slot) return NotFound("no such slot");
    return Unimplemented("nobody provides " + std::string(full_method));
  }

  strata_code Call(const host::Target& target, strata_call* call) override {
    return ingress_.handlers_[target.handle - 1](call);
  }

 private:
  FakeIngress& ingress_;
};

void FakeIngress::AddRoute(host::HttpRoute route, Handler handler) {
  handlers_.push_back(std::move(handler));
  route.handle.handle = handlers_.size();
  route.handle.kind = STRATA_BIDI;
  route.handle.slot = names_.emplace_back("fake");
  routes_.push_back(std::move(route));
}

void FakeIngress::AddMethod(std::string slot, std::string full_method, std::int32_t kind,
                            Handler handler) {
  handlers_.push_back(std::move(handler));
  host::Target target;
  target.handle = handlers_.size();
  target.kind = kind;
  target.slot = names_.emplace_back(slot);
  methods_.push_back({std::move(slot), std::move(full_method), target});
}

void FakeIngress::SetReady(bool ready, std::string why) {
  const base::MutexLock lock(mutex_);
  ready_ = ready;
  why_ = std::move(why);
}

void FakeIngress::Close() {
  const base::MutexLock lock(mutex_);
  closed_ = true;
}

Result<std::unique_ptr<host::Pin>> FakeIngress::Enter(std::int64_t) {
  {
    const base::MutexLock lock(mutex_);
    if (closed_) return Unavailable("the stack is stopping");
  }
  return std::unique_ptr<host::Pin>(std::make_unique<FakePin>(this));
}

bool FakeIngress::Ready(std::string* why) const {
  const base::MutexLock lock(mutex_);
  *why = why_;
  return ready_;
}

std::vector<std::string> FakeIngress::ServiceNames() const {
  std::vector<std::string> names;
  for (const Method& method : methods_) {
    const std::string name = method.full_name.substr(1, method.full_name.rfind('/') - 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace strata::testing
