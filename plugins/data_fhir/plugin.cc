// Entry of the plugin: FHIR R4 records over the hosting contract.
#include <strata/plugin.h>

#include "plugins/data_fhir/service/data_service.h"

STRATA_PLUGIN(strata::fhir::service::DataService, "strata.data.fhir", "0.1.0")
