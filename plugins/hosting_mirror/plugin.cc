// Entry of the plugin: hosting in two stores at once.
#include <strata/plugin.h>

#include "plugins/hosting_mirror/hosting_mirror.h"

STRATA_PLUGIN_SERVICES(strata::plugins::hosting_mirror::HostingMirror, "strata.hosting.mirror",
                       "0.1.0", "hosting", strata::hosting::v1::HostingService,
                       strata::hosting::v1::MirrorService)
