#include "core/isolation/remote_table.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/mutex.h"
#include "core/isolation/outside_plugin.h"
#include "core/isolation/paths.h"

namespace strata::isolation {
namespace {

using CreateFunction = decltype(strata_plugin::create);

template <std::size_t number>
strata_code CreateNumber(const strata_host* host, strata_bytes config, void** out,
                         strata_status* why) {
  return RemoteTable::CreateAt(number, host, config, out, why);
}

template <std::size_t... numbers>
constexpr std::array<CreateFunction, sizeof...(numbers)> MakeCreates(
    std::index_sequence<numbers...>) {
  return {&CreateNumber<numbers>...};
}

constexpr auto kCreates = MakeCreates(std::make_index_sequence<RemoteTable::kMaxPlugins>());

// Which plugin each of them is for. Process-wide, as functions are.
struct Users {
  base::Mutex mutex;
  std::array<OutsidePlugin*, RemoteTable::kMaxPlugins> plugins STRATA_GUARDED_BY(mutex){};
};

Users& TheUsers() {
  static Users users;
  return users;
}

}  // namespace

bool RemoteTable::Fill(OutsidePlugin* plugin, strata_plugin* table, std::size_t* number) {
  Users& users = TheUsers();
  const base::MutexLock lock(users.mutex);
  const auto free = std::find(users.plugins.begin(), users.plugins.end(), nullptr);
  if (free == users.plugins.end()) return false;
  *free = plugin;
  *number = static_cast<std::size_t>(free - users.plugins.begin());
  table->struct_size = sizeof(strata_plugin);
  table->create = kCreates[*number];
  table->start = &Start;
  table->health = &Health;
  table->reconfigure = &Reconfigure;
  table->handle = &Handle;
  table->drain = &Drain;
  table->stop = &Stop;
  table->destroy = &Destroy;
  table->extension = &Extension;
  return true;
}

void RemoteTable::Release(std::size_t number) {
  Users& users = TheUsers();
  const base::MutexLock lock(users.mutex);
  users.plugins[number] = nullptr;
}

strata_code RemoteTable::CreateAt(std::size_t number, const strata_host* host, strata_bytes config,
                                  void** out, strata_status* why) {
  OutsidePlugin* plugin = nullptr;
  {
    Users& users = TheUsers();
    const base::MutexLock lock(users.mutex);
    plugin = users.plugins[number];
  }
  if (plugin == nullptr) return STRATA_FAILED_PRECONDITION;  // Its owner has let it go.
  OutsidePlugin* self = nullptr;
  const strata_code code = plugin->CreateAny(host, config, &self, why);
  if (code == STRATA_OK) *out = self;
  return code;
}

strata_code RemoteTable::Start(void* self, strata_status* why) { return Of(self).Start(why); }
strata_code RemoteTable::Health(void* self, strata_status* why) { return Of(self).Health(why); }
strata_code RemoteTable::Reconfigure(void* self, strata_bytes config, strata_status* why) {
  return Of(self).Reconfigure(config, why);
}
strata_code RemoteTable::Handle(void* self, strata_call* c) { return Of(self).Handle(c); }
strata_code RemoteTable::Drain(void* self, std::int64_t deadline_us, strata_status* why) {
  return Of(self).Drain(deadline_us, why);
}
void RemoteTable::Stop(void* self) { Of(self).Stop(); }
void RemoteTable::Destroy(void* self) { Of(self).Destroy(); }

strata_code RemoteTable::HandOver(void* self, strata_status* why) {
  return Of(self).Handover(path::kRelease, why);
}
strata_code RemoteTable::TakeOver(void* self, strata_status* why) {
  return Of(self).Handover(path::kAcquire, why);
}
strata_code RemoteTable::TakeBack(void* self, strata_status* why) {
  return Of(self).Handover(path::kReacquire, why);
}

strata_code RemoteTable::FormatState(void* self, strata_format_state* out, strata_status* why) {
  return Of(self).Migrate({path::kFormatState, 0, 0}, out, why);
}
strata_code RemoteTable::FormatWrite(void* self, std::uint32_t format, strata_status* why) {
  return Of(self).Migrate({path::kFormatWrite, format, 0}, nullptr, why);
}
strata_code RemoteTable::FormatStep(void* self, std::int64_t budget_us, strata_format_state* out,
                                    strata_status* why) {
  return Of(self).Migrate({path::kFormatStep, 0, budget_us}, out, why);
}

const void* RemoteTable::Extension(void* self, const char* id) {
  static constexpr strata_ext_handover kHandover = {sizeof(strata_ext_handover), &HandOver,
                                                    &TakeOver, &TakeBack};
  static constexpr strata_ext_migrate kMigrate = {sizeof(strata_ext_migrate), &FormatState,
                                                  &FormatWrite, &FormatStep};
  if (!Of(self).Extends(id)) return nullptr;
  if (std::string_view(id) == STRATA_EXT_HANDOVER) return &kHandover;
  return std::string_view(id) == STRATA_EXT_MIGRATE ? &kMigrate : nullptr;
}

}  // namespace strata::isolation
