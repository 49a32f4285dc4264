// Entry of the plugin: hosting in a SQLite file.
#include <strata/plugin.h>

#include "plugins/hosting_sqlite/hosting_sqlite.h"

STRATA_PLUGIN(strata::plugins::hosting_sqlite::HostingSqlite, "strata.hosting.sqlite", "0.1.0")
