#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/host/bindings.h"
#include "core/host/manifest.h"
#include "core/host/stack.h"

namespace strata::trial {

// What a trial needs to know of a slot that runs.
struct LiveSlot {
  std::uint32_t number = 0;
  std::string name;
  host::Manifest manifest;
  std::string package_dir;
  std::string digest;
  std::string config_json;
  host::RunConfig run;
  std::vector<host::Grant> grants;
  const strata_descriptor* descriptor = nullptr;  // Static, as plugin_abi.h has it.
};

// Nothing when there is no such slot or it does not run.
std::optional<LiveSlot> FindLiveSlot(host::Stack& live, std::string_view name);

}  // namespace strata::trial
