#include <strata/plugin_table.h>
#include <unistd.h>

#include "core/base/version.h"
#include "core/host/package.h"
#include "core/host/stack_state.h"
#include "strata/core/v1/core.strata.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;

void FillSlot(const SlotReport& from, v1::Slot* to) {
  to->set_name(from.name);
  to->set_layer(from.layer);
  to->set_plugin(from.plugin);
  to->set_version(from.version);
  to->set_package(from.package_dir);
  to->set_digest(from.digest);
  to->set_state(from.state);
  to->set_optional(from.optional);
  to->set_isolation("in-process");
  to->mutable_health()->set_state(from.serving    ? v1::Health::STATE_SERVING
                                  : from.starting ? v1::Health::STATE_STARTING
                                                  : v1::Health::STATE_NOT_SERVING);
  to->mutable_health()->set_reason(from.reason);
  for (const auto& binding : from.bindings) {
    v1::Binding* const out = to->add_bindings();
    out->set_name(binding.name);
    out->set_service(binding.service);
    out->set_slot(binding.slot);
  }
  for (const std::string& service : from.provides) to->add_provides(service);
  to->mutable_calls()->set_calls(from.calls);
  to->mutable_calls()->set_errors(from.errors);
  to->mutable_calls()->set_in_flight(from.in_flight);
  to->mutable_calls()->set_p50_us(from.p50_us);
  to->mutable_calls()->set_p99_us(from.p99_us);
}

// strata.core.v1.Core, served like any plugin's service in the slot "core".
class Admin final : public v1::CoreService {
 public:
  Admin(Host, std::string_view) {}
  explicit Admin(StackState& state) : state_(&state) {}

  strata::Status Status(Context&, const v1::StatusRequest&, v1::StatusResponse* response) override {
    const StackReport report = MakeReport(*state_);
    response->set_stack(report.name);
    response->set_version(kVersion);
    response->set_generation(report.generation);
    response->set_started_us(report.started_us);
    response->set_ready(report.ready);
    response->set_http_address(report.http_address);
    response->set_grpc_address(report.grpc_address);
    response->set_admin_http_address(report.admin_http_address);
    response->set_pid(::getpid());
    for (const SlotReport& slot : report.slots) FillSlot(slot, response->add_slots());
    return OkStatus();
  }

  strata::Status ListPlugins(Context& cx, const v1::ListPluginsRequest&,
                             v1::ListPluginsResponse* response) override {
    std::vector<std::string> folders = state_->packages.List();
    for (const Slot& slot : state_->slots) {
      if (slot.package_dir.empty()) continue;
      if (std::find(folders.begin(), folders.end(), slot.package_dir) == folders.end()) {
        folders.push_back(slot.package_dir);
      }
    }
    for (const std::string& folder : folders) {
      if (cx.Cancelled()) return Cancelled("nobody waits for the list");
      ListOne(folder, response->add_packages());
    }
    return OkStatus();
  }

 private:
  void ListOne(const std::string& folder, v1::Package* to) const {
    to->set_path(folder);
    auto package = OpenPackage(folder);
    if (package.ok()) to->set_path(package->dir);
    if (!package.ok()) to->set_problem(package.status().message());
    const auto manifest = package.ok() ? std::move(package->manifest) : ReadManifest(folder);
    if (!manifest.ok()) return;
    to->set_plugin(manifest->id);
    to->set_version(manifest->version);
    to->set_layer(manifest->layer);
    to->set_description(manifest->description.empty() ? manifest->title : manifest->description);
    for (const Slot& slot : state_->slots) {
      if (slot.package_dir == to->path()) to->add_slots(slot.config.name);
    }
  }

  StackState* state_ = nullptr;
};

}  // namespace

std::shared_ptr<Instance> MakeCoreInstance(StackState& state) {
  InstanceSpec spec;
  spec.slot = "core";
  spec.plugin = {std::shared_ptr<const void>(),
                 sdk::PluginTable<Admin, v1::CoreService>::Get({"strata.core", kVersion, "core"})};
  spec.adopted = std::make_unique<Admin>(state).release();  // Its vtable's destroy deletes it.
  spec.stats = std::make_shared<SlotStats>();
  return std::make_shared<Instance>(std::move(spec), state.services);
}

}  // namespace strata::host
