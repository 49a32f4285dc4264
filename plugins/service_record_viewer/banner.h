#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "plugins/service_record_viewer/html.h"
#include "plugins/service_record_viewer/page.h"

// The patient banner: who this record is about, on every page of it (ISB 1505, ISB 1506, ISB 0149).
namespace strata::record_viewer {

// The value of the patient's NHS number; empty when none is recorded.
std::string_view NhsNumberOf(json::Value patient);

// "943 476 5919" kept on one line, or "Not recorded".
Html NhsNumberText(json::Value patient);

// "05-Jul-1948 (78y)"; for the dead, age is not shown here but beside the date of death.
Html BornText(json::Value patient, std::int64_t now_us);

// "Died 02-Mar-2020 (71y)", "Died (date not recorded)"; empty for the living.
std::string DiedText(json::Value patient);

Html PatientBanner(json::Value patient, std::int64_t now_us);

// Links to the sections of the record; `current` is the path of the section ("problems").
Html RecordMenu(std::string_view patient_id, std::string_view current);

}  // namespace strata::record_viewer
