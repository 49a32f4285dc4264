// Entry of the plugin: encrypts what another hosting plugin stores.
#include <strata/plugin.h>

#include "plugins/hosting_encrypted/hosting_encrypted.h"

STRATA_PLUGIN_SERVICES(strata::plugins::hosting_encrypted::HostingEncrypted,
                       "strata.hosting.encrypted", "0.1.0", "hosting",
                       strata::hosting::v1::HostingService, strata::hosting::v1::EncryptionService)
