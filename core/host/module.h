#pragma once

#include <string>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"
#include "core/host/package.h"

namespace strata::host {

// Runs the first code of a verified package: copies its bytes to `<store_dir>/<sha256>.so` (0444,
// written beside and renamed, checked again when it is there already), loads that copy (NOW, LOCAL,
// NODELETE: never unloaded) and asks its entry for the vtable, which lives as long as the process.
// The same bytes are loaded once. FAILED_PRECONDITION (refusal.h): it cannot be loaded, its entry
// is not its own, or what the entry says differs from the manifest or lacks something;
// RESOURCE_EXHAUSTED, PERMISSION_DENIED, UNAVAILABLE: the store cannot be written.
Result<const strata_plugin*> LoadModule(const Package& package, const std::string& store_dir);

// The first step of LoadModule alone: the path of that copy.
Result<std::string> StoreImage(const Package& package, const std::string& store_dir);

// What the loader asks of a vtable before it calls any of it. Part of LoadModule.
Status CheckVtable(std::string_view package, const Manifest& manifest, const strata_plugin* plugin);

}  // namespace strata::host
