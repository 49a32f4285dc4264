#include "strata/host.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace strata {
namespace {

// The C form of a field list, on the stack up to kInline entries.
class KvArray final {
 public:
  KvArray(Fields fields) : size_(fields.size()) {
    strata_kv* out = inline_.data();
    if (size_ > kInline) {
      more_.resize(size_);
      out = more_.data();
    }
    data_ = out;
    for (const Field& field : fields) *out++ = field.ToKv();
  }
  KvArray(const KvArray&) = delete;
  KvArray& operator=(const KvArray&) = delete;

  const strata_kv* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kInline = 8;
  std::array<strata_kv, kInline> inline_;
  std::vector<strata_kv> more_;
  const strata_kv* data_;
  std::size_t size_;
};

void RunSubmitted(void* arg) {
  const std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(arg));
  try {
    (*work)();
  } catch (...) {
    // The work has no caller to answer; R3 forbids to let the exception through.
  }
}

Status HostRefused(strata_code code, std::string_view what) {
  return {abi::ToCode(code), std::string(what)};
}

}  // namespace

void Host::Log(Severity severity, std::string_view event, Fields fields) const {
  const KvArray kv = fields;
  host_->log(host_, static_cast<std::int32_t>(severity), abi::Str(event), kv.data(), kv.size());
}

Metric Host::Register(std::int32_t kind, std::string_view name, Fields labels) const {
  if (!STRATA_HAS(host_, metric_add)) return {};
  const KvArray kv = labels;
  return {host_, host_->metric(host_, kind, abi::Str(name), kv.data(), kv.size())};
}

Metric Host::Counter(std::string_view name, Fields labels) const {
  return Register(STRATA_COUNTER, name, labels);
}

Metric Host::Gauge(std::string_view name, Fields labels) const {
  return Register(STRATA_GAUGE, name, labels);
}

Metric Host::Histogram(std::string_view name, Fields labels) const {
  return Register(STRATA_HISTOGRAM, name, labels);
}

Status Host::Submit(std::function<void()> work) const {
  if (!STRATA_HAS(host_, submit)) return Unimplemented("this core offers no work pool");
  auto owned = std::make_unique<std::function<void()>>(std::move(work));
  const strata_code code = host_->submit(host_, &RunSubmitted, owned.get());
  if (code != STRATA_OK) return HostRefused(code, "the core's work pool refused the work");
  static_cast<void>(owned.release());  // RunSubmitted owns it now
  return {};
}

void Host::SetHealth(const Status& status) const {
  if (!STRATA_HAS(host_, set_health)) return;
  host_->set_health(host_, static_cast<strata_code>(status.code()), abi::Str(status.message()));
}

const void* Host::Extension(const char* id) const {
  return STRATA_HAS(host_, extension) ? host_->extension(host_, id) : nullptr;
}

Result<std::string> Host::Secret(std::string_view name) const {
  const auto* secrets = static_cast<const strata_ext_secrets*>(Extension(STRATA_EXT_SECRETS));
  if (secrets == nullptr) return Unimplemented("this core offers no secrets");
  std::string value;
  const auto keep = [](void* arg, strata_bytes secret) {
    static_cast<std::string*>(arg)->assign(abi::View(secret));
  };
  const strata_code code = secrets->get(host_, abi::Str(name), keep, &value);
  if (code != STRATA_OK) return HostRefused(code, "no secret " + std::string(name));
  return value;
}

}  // namespace strata
