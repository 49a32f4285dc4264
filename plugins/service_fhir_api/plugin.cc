#include "plugins/service_fhir_api/service.h"

// The digital service that speaks FHIR R4 over HTTP.
STRATA_PLUGIN(strata::fhir_api::FhirApiService, "strata.service.fhir_api", "0.1.0")
