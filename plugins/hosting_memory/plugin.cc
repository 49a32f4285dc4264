// Entry of the plugin: hosting in memory.
#include <strata/plugin.h>

#include "plugins/hosting_memory/hosting_memory.h"

STRATA_PLUGIN(strata::plugins::hosting_memory::HostingMemory, "strata.hosting.memory", "0.1.0")
