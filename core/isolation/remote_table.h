#pragma once

#include <cstddef>
#include <cstdint>

#include "core/abi/strata/plugin_abi.h"

namespace strata::isolation {

class OutsidePlugin;

// The C functions of an OutsidePlugin's vtable. create() of the ABI is given nothing that says
// which plugin is meant, so each has a function of its own, out of a fixed number.
class RemoteTable final {
 public:
  static constexpr std::size_t kMaxPlugins = 256;

  // Fills `table` and takes a free create() for `plugin`; its number goes to *number. False: none
  // is free.
  static bool Fill(OutsidePlugin* plugin, strata_plugin* table, std::size_t* number);
  static void Release(std::size_t number);
  // Whether a table was filled here.
  static bool Owns(const strata_plugin* table) { return table->handle == &Handle; }

  static strata_code CreateAt(std::size_t number, const strata_host* host, strata_bytes config,
                              void** out, strata_status* why);

 private:
  static OutsidePlugin& Of(void* self) { return *static_cast<OutsidePlugin*>(self); }
  static strata_code Start(void* self, strata_status* why);
  static strata_code Health(void* self, strata_status* why);
  static strata_code Reconfigure(void* self, strata_bytes config, strata_status* why);
  static strata_code Handle(void* self, strata_call* c);
  static strata_code Drain(void* self, std::int64_t deadline_us, strata_status* why);
  static void Stop(void* self);
  static void Destroy(void* self);
  static const void* Extension(void* self, const char* id);
  static strata_code HandOver(void* self, strata_status* why);
  static strata_code TakeOver(void* self, strata_status* why);
  static strata_code TakeBack(void* self, strata_status* why);
  static strata_code FormatState(void* self, strata_format_state* out, strata_status* why);
  static strata_code FormatWrite(void* self, std::uint32_t format, strata_status* why);
  static strata_code FormatStep(void* self, std::int64_t budget_us, strata_format_state* out,
                                strata_status* why);
};

}  // namespace strata::isolation
