#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"

namespace strata::isolation {

struct RemoteReport {
  std::int32_t pid = 0;  // 0: no process now.
  std::uint32_t restarts = 0;
  std::uint32_t crashes = 0;  // How often it has ended by itself, or could not be started again.
  std::string quarantine;     // Why it is not started again; empty: it is.
};

// A plugin whose code is not in this process, behind the functions of a vtable (RemoteTable).
class OutsidePlugin {
 public:
  // A vtable, and whose it is.
  struct Table : strata_plugin {
    OutsidePlugin* self = nullptr;
  };

  virtual ~OutsidePlugin() = default;

  // Of a vtable that was filled by RemoteTable; null for others.
  static OutsidePlugin* Of(const strata_plugin* plugin);
  virtual RemoteReport Report() const = 0;

  // As in plugin_abi.h. *out: whom the other functions are called of.
  virtual strata_code CreateAny(const strata_host* host, strata_bytes config, OutsidePlugin** out,
                                strata_status* why) = 0;
  virtual strata_code Start(strata_status* why) = 0;
  virtual strata_code Health(strata_status* why) = 0;
  virtual strata_code Reconfigure(strata_bytes config, strata_status* why) = 0;
  virtual strata_code Handle(strata_call* c) = 0;
  virtual strata_code Drain(std::int64_t deadline_us, strata_status* why) = 0;
  virtual void Stop() = 0;
  virtual void Destroy() = 0;
  // Whether it has an extension, and one step of strata.handover/1 or strata.migrate/1.
  virtual bool Extends(std::string_view id) const = 0;
  virtual strata_code Handover(const char* step, strata_status* why) = 0;
  struct FormatStep {
    const char* path;
    std::uint32_t format = 0;
    std::int64_t budget_us = 0;
  };
  // `out` may be null.
  virtual strata_code Migrate(const FormatStep& step, strata_format_state* out,
                              strata_status* why) = 0;

 protected:
  // Puts a refusal into *why (kept per thread until the next one); returns its code.
  static strata_code Explain(strata_status* why, strata_code code, std::string text);
};

}  // namespace strata::isolation
