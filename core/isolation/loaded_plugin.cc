#include "core/isolation/loaded_plugin.h"

#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <utility>

#include "core/isolation/host_shim.h"
#include "core/isolation/lane.h"
#include "core/isolation/laned_call.h"
#include "core/isolation/paths.h"
#include "core/isolation/serve.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {
namespace {

v1::Reply ToReply(strata_code code, std::string_view message) {
  v1::Reply reply;
  reply.set_code(code);
  reply.set_message(std::string(message));
  return reply;
}

template <typename Message>
Message Parse(std::string_view bytes) {
  Message out;
  out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));  // From the core: is sound.
  return out;
}

bool Framed(std::int32_t kind) { return kind == STRATA_CLIENT_STREAM || kind == STRATA_BIDI; }

}  // namespace

Result<const strata_plugin*> LoadImage(const std::string& path) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return FailedPrecondition(std::string("cannot load it: ") + ::dlerror());
  void* const symbol = ::dlsym(library, "strata_plugin_v1");
  // dlsym also finds symbols of the libraries that the plugin is linked to.
  Dl_info info{};
  link_map* map = nullptr;
  const bool own = symbol != nullptr && ::dladdr(symbol, &info) != 0 &&
                   ::dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 &&
                   std::strcmp(info.dli_fname, map->l_name) == 0;
  if (!own) return FailedPrecondition("plugin.so has no entry strata_plugin_v1 of its own");
  const strata_plugin* const plugin =
      reinterpret_cast<strata_plugin_v1_fn>(symbol)(STRATA_ABI_MINOR);
  if (plugin == nullptr) return FailedPrecondition("it refuses ABI 1.0");
  const bool complete = STRATA_HAS(plugin, destroy) && plugin->desc != nullptr &&
                        STRATA_HAS(plugin->desc, method_count) && plugin->create != nullptr &&
                        plugin->start != nullptr && plugin->health != nullptr &&
                        plugin->handle != nullptr && plugin->drain != nullptr &&
                        plugin->stop != nullptr && plugin->destroy != nullptr;
  if (!complete) return FailedPrecondition("its vtable or descriptor is not complete");
  return plugin;
}

LoadedPlugin::LoadedPlugin(Result<const strata_plugin*> plugin, std::shared_ptr<grpc::Channel> core,
                           std::vector<std::string> missing)
    : plugin_(std::move(plugin)), core_(std::move(core)), missing_(std::move(missing)) {
  controls_[path::kHello] = [this](std::string_view) { return Hello(); };
  if (!plugin_.ok()) return;
  const strata_plugin* const p = *plugin_;
  for (std::uint32_t i = 0; i < p->desc->method_count; ++i) {
    methods_.emplace(abi::View(p->desc->methods[i].full_name), i);
  }
  controls_[path::kCreate] = [this](std::string_view request) { return Create(request); };
  controls_[path::kStart] = [this, p](std::string_view request) {
    host_->SetHandoverPending(Parse<v1::StartRequest>(request).handover_pending());
    return Explain([&](strata_status* why) { return p->start(self_, why); });
  };
  controls_[path::kHealth] = [this, p](std::string_view) {
    return Explain([&](strata_status* why) { return p->health(self_, why); });
  };
  controls_[path::kReconfigure] = [this, p](std::string_view request) {
    const auto config = Parse<v1::ConfigRequest>(request);
    return Explain([&](strata_status* why) {
      return p->reconfigure == nullptr
                 ? STRATA_UNIMPLEMENTED
                 : p->reconfigure(self_, abi::Bytes(config.config_json()), why);
    });
  };
  controls_[path::kDrain] = [this](std::string_view request) { return Drain(request); };
  controls_[path::kStop] = [this, p](std::string_view) {
    WaitForCalls();
    p->stop(self_);
    return ToReply(STRATA_OK, {}).SerializeAsString();
  };
  controls_[path::kDestroy] = [this, p](std::string_view) {
    WaitForCalls();
    p->destroy(self_.exchange(nullptr));
    host_->Flush();
    return ToReply(STRATA_OK, {}).SerializeAsString();
  };
  for (const char* step : {path::kRelease, path::kAcquire, path::kReacquire}) {
    controls_[step] = [this, step](std::string_view) { return Handover(step); };
  }
  for (const char* step : {path::kFormatState, path::kFormatWrite, path::kFormatStep}) {
    controls_[step] = [this, step](std::string_view request) { return Migrate(step, request); };
  }
}

LoadedPlugin::~LoadedPlugin() = default;

RpcServer::Finder LoadedPlugin::Finder() {
  return [this](const std::string& method) -> RpcHandler {
    if (const auto control = controls_.find(method); control != controls_.end()) {
      return {[this, &run = control->second](ServedCall& served) { ServeControl(served, run); },
              true};
    }
    const auto found = methods_.find(method);
    if (found == methods_.end()) return {};
    const std::uint32_t index = found->second;
    return {[this, index](ServedCall& served) { ServeMethod(served, index); },
            !Framed((*plugin_)->desc->methods[index].kind)};
  };
}

void LoadedPlugin::ServeControl(ServedCall& served, const Control& control) {
  served.HoldResponse();
  std::string_view request;
  const bool needs_instance = served.method() != path::kHello && served.method() != path::kCreate;
  if (!served.Read(&request) || (needs_instance && self_ == nullptr)) {
    return served.End(FailedPrecondition("there is no instance"), nullptr);
  }
  served.Write(ToBuffer(control(request)));
  const std::string none;
  served.End(OkStatus(), &none);
}

void LoadedPlugin::ServeMethod(ServedCall& served, std::uint32_t index) {
  const strata_method& method = (*plugin_)->desc->methods[index];
  const bool one_response = method.kind == STRATA_UNARY || method.kind == STRATA_CLIENT_STREAM;
  v1::CallHead head;
  if (!ReadHead(served, &head) || self_ == nullptr || head.framed() != Framed(method.kind)) {
    return served.End(InvalidArgument("not a call from the core"), nullptr);
  }
  CountCall();
  {
    if (method.kind == STRATA_UNARY) served.HoldResponse();
    ServedStrataCall call(&served, head, one_response, (method.flags & STRATA_METHOD_ASYNC) != 0);
    call.End(call.TakeRequest() ? Handle(&call, index) : STRATA_CANCELLED);
  }
  UncountCall();
}

bool LoadedPlugin::ServeLane(Lane* lane, CancelSource* cancel, const LaneFrame& frame) {
  v1::CallHead head;
  const bool sound = plugin_.ok() && self_ != nullptr &&
                     head.ParseFromArray(frame.head.data(), static_cast<int>(frame.head.size())) &&
                     head.handle() < (*plugin_)->desc->method_count &&
                     !Framed((*plugin_)->desc->methods[head.handle()].kind);
  if (!sound) return false;
  const auto index = static_cast<std::uint32_t>(head.handle());
  const strata_method& method = (*plugin_)->desc->methods[index];
  CountCall();
  bool going = false;
  {
    LanedCall call(lane, cancel, head, frame.body, /*one_response=*/method.kind == STRATA_UNARY,
                   (method.flags & STRATA_METHOD_ASYNC) != 0);
    going = call.End(Handle(&call, index));
  }
  UncountCall();
  return going;
}

strata_code LoadedPlugin::Handle(PluginCall* call, std::uint32_t index) {
  call->method = index;
  call->host_ref = reinterpret_cast<std::uint64_t>(call);
  const HostShim::Serving serving(call);
  const strata_code code = (*plugin_)->handle(self_, call);
  const bool async = ((*plugin_)->desc->methods[index].flags & STRATA_METHOD_ASYNC) != 0;
  return code == STRATA_PENDING && async ? call->Await() : code;
}

void LoadedPlugin::CountCall() {
  const base::MutexLock lock(mutex_);
  ++calls_;
}

void LoadedPlugin::UncountCall() {
  const base::MutexLock lock(mutex_);
  if (--calls_ == 0) idle_.NotifyAll();
}

void LoadedPlugin::WaitForCalls() {
  const base::MutexLock lock(mutex_);
  while (calls_ != 0) idle_.Wait(mutex_);
}

std::string LoadedPlugin::Explain(
    const std::function<strata_code(strata_status*)>& function) const {
  strata_status why{};
  why.struct_size = sizeof why;
  const strata_code code = function(&why);
  return ToReply(code, abi::View(why.message)).SerializeAsString();
}

std::string LoadedPlugin::Hello() const {
  v1::HelloResponse out;
  for (const std::string& what : missing_) out.add_missing(what);
  if (!plugin_.ok()) {
    *out.mutable_reply() =
        ToReply(static_cast<strata_code>(plugin_.status().code()), plugin_.status().message());
    return out.SerializeAsString();
  }
  const strata_descriptor& d = *(*plugin_)->desc;
  out.mutable_reply();
  out.set_id(std::string(abi::View(d.id)));
  out.set_version(std::string(abi::View(d.version)));
  out.set_layer(std::string(abi::View(d.layer)));
  out.set_contracts_version(std::string(abi::View(d.contracts_version)));
  for (std::size_t i = 0; i < d.method_count; ++i) {
    v1::HelloResponse::Method* const method = out.add_methods();
    method->set_full_name(std::string(abi::View(d.methods[i].full_name)));
    method->set_kind(d.methods[i].kind);
    method->set_flags(d.methods[i].flags);
  }
  if (STRATA_HAS(&d, file_descriptor_set)) {
    out.set_file_descriptor_set(std::string(abi::View(d.file_descriptor_set)));
  }
  if (STRATA_HAS(&d, config_schema)) {
    out.set_config_schema(std::string(abi::View(d.config_schema)));
  }
  if (STRATA_HAS(&d, build_info)) out.set_build_info(std::string(abi::View(d.build_info)));
  return out.SerializeAsString();
}

std::string LoadedPlugin::Create(std::string_view request) {
  auto create = Parse<v1::CreateRequest>(request);
  const std::string config = create.config_json();
  v1::CreateResponse out;
  if (self_ != nullptr) {
    *out.mutable_reply() = ToReply(STRATA_FAILED_PRECONDITION, "one process runs one instance");
    return out.SerializeAsString();
  }
  host_ = std::make_unique<HostShim>(std::move(create), core_);
  strata_status why{};
  why.struct_size = sizeof why;
  void* self = nullptr;
  strata_code code = (*plugin_)->create(host_->c_host(), abi::Bytes(config), &self, &why);
  if (code == STRATA_OK && self == nullptr) code = STRATA_INTERNAL;
  *out.mutable_reply() =
      ToReply(code, code == STRATA_INTERNAL && why.message.size == 0 ? "create gave no instance"
                                                                     : abi::View(why.message));
  if (code == STRATA_OK) {
    self_ = self;
    const bool extends = STRATA_HAS(*plugin_, extension) && (*plugin_)->extension != nullptr;
    for (const char* id : {STRATA_EXT_HANDOVER, STRATA_EXT_MIGRATE}) {
      if (extends && (*plugin_)->extension(self, id) != nullptr) out.add_extensions(id);
    }
  }
  host_->Flush();
  return out.SerializeAsString();
}

std::string LoadedPlugin::Drain(std::string_view request) {
  const auto drain = Parse<v1::DrainRequest>(request);
  const std::int64_t deadline_us =
      drain.timeout_us() == 0 ? 0 : abi::MonotonicUs() + drain.timeout_us();
  std::string reply =
      Explain([&](strata_status* why) { return (*plugin_)->drain(self_, deadline_us, why); });
  host_->WaitForTasks();
  host_->Flush();
  return reply;
}

std::string LoadedPlugin::Handover(std::string_view step) {
  const auto* const handover =
      static_cast<const strata_ext_handover*>((*plugin_)->extension(self_, STRATA_EXT_HANDOVER));
  if (handover == nullptr) return ToReply(STRATA_UNIMPLEMENTED, {}).SerializeAsString();
  return Explain([&](strata_status* why) {
    host_->SetHandoverPending(false);
    if (step == path::kRelease) return handover->release(self_, why);
    return step == path::kAcquire ? handover->acquire(self_, why) : handover->reacquire(self_, why);
  });
}

std::string LoadedPlugin::Migrate(std::string_view step, std::string_view request) {
  const auto* const table =
      static_cast<const strata_ext_migrate*>((*plugin_)->extension(self_, STRATA_EXT_MIGRATE));
  const auto asked = Parse<v1::FormatRequest>(request);
  strata_format_state state{};
  state.struct_size = sizeof state;
  strata_status why{};
  why.struct_size = sizeof why;
  strata_code code = STRATA_UNIMPLEMENTED;
  if (table != nullptr) {
    code = step == path::kFormatState   ? table->state(self_, &state, &why)
           : step == path::kFormatWrite ? table->write(self_, asked.format(), &why)
                                        : table->step(self_, asked.budget_us(), &state, &why);
  }
  v1::FormatReply out;
  *out.mutable_reply() = ToReply(code, abi::View(why.message));
  out.set_writes(state.writes);
  out.set_lowest(state.lowest);
  out.set_done(state.done);
  out.set_total(state.total);
  return out.SerializeAsString();
}

}  // namespace strata::isolation
