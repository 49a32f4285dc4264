// The entry of the plugin, alone in its file.
#include <strata/plugin.h>

#include "hello_service.h"

STRATA_PLUGIN(hello::HelloService, "uk.example.hello", "1.0.0")
