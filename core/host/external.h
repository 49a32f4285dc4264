#pragma once

#include <memory>

#include "core/abi/strata/plugin_abi.h"
#include "core/host/manifest.h"

namespace strata::host {

// A slot whose plugin is code of the core itself instead of a package: what a small stack inside
// the core uses to reach outside (StackOptions::externals). The instance outlives the stack; its
// vtable's destroy must do nothing.
struct ExternalSlot {
  Manifest manifest;
  std::shared_ptr<const strata_plugin> plugin;  // shared: by the instance made of it.
  void* instance = nullptr;
};

}  // namespace strata::host
