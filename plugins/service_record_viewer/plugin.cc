#include "plugins/service_record_viewer/service.h"

// The digital service that shows a patient's record as web pages.
STRATA_PLUGIN(strata::record_viewer::ViewerService, "strata.service.record_viewer", "0.1.0")
