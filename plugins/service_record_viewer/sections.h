#pragma once

#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/service_record_viewer/facts.h"
#include "plugins/service_record_viewer/html.h"

// The sections of a record, each the main content of one page. Each reads what it needs; errors are
// those of the data layer.
namespace strata::record_viewer {

Result<Html> SummarySection(SectionRequest& request);
Result<Html> ProblemsSection(SectionRequest& request);
Result<Html> MedicinesSection(SectionRequest& request);
Result<Html> AllergiesSection(SectionRequest& request);
Result<Html> ResultsSection(SectionRequest& request);
Result<Html> ImmunisationsSection(SectionRequest& request);
Result<Html> EncountersSection(SectionRequest& request);
Result<Html> DocumentsSection(SectionRequest& request);

// All results of the test that the Observation `id` is of, plotted and as a table. NOT_FOUND: no
// such Observation of this patient.
Result<Html> TrendPage(SectionRequest& request, std::string_view id);
// One document or report with its text. NOT_FOUND as above.
Result<Html> DocumentPage(SectionRequest& request, std::string_view type, std::string_view id);

// Shorter forms for the summary: what is current, at most `most` of it.
Result<Html> ProblemsSummary(SectionRequest& request, std::size_t most);
Result<Html> MedicinesSummary(SectionRequest& request, std::size_t most);
Result<Html> AllergiesSummary(SectionRequest& request, std::size_t most);
Result<Html> ResultsSummary(SectionRequest& request, std::size_t most);
Result<Html> ImmunisationsSummary(SectionRequest& request, std::size_t most);
Result<Html> EncountersSummary(SectionRequest& request, std::size_t most);

}  // namespace strata::record_viewer
