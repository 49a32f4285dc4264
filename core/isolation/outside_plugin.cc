#include "core/isolation/outside_plugin.h"

#include <utility>

#include "core/isolation/remote_table.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {

OutsidePlugin* OutsidePlugin::Of(const strata_plugin* plugin) {
  return RemoteTable::Owns(plugin) ? static_cast<const Table*>(plugin)->self : nullptr;
}

strata_code OutsidePlugin::Explain(strata_status* why, strata_code code, std::string text) {
  thread_local std::string t_text;
  t_text = std::move(text);
  if (why != nullptr) {
    why->code = code;
    why->message = abi::Str(t_text);
  }
  return code;
}

}  // namespace strata::isolation
