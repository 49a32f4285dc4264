#include "plugins/service_console/service.h"

// The digital service through which operators see the stack and change it.
STRATA_PLUGIN(strata::console::ConsoleService, "strata.service.console", "0.1.0")
