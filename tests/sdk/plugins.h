#pragma once

#include <strata/plugin_abi.h>

// Entries of the plugins that the tests link (strata_add_plugin names them).
extern "C" {
const strata_plugin* strata_plugin_sdktest_mem_store(uint32_t host_abi_minor);
const strata_plugin* strata_plugin_sdktest_smallest(uint32_t host_abi_minor);
}
