#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::core::v1 {
class Change;
class ListChangesResponse;
class Plan;
class SlotChange;
}  // namespace strata::core::v1

// What the commands that change a stack say, and what they read from the command line.
namespace strata::cli {

// "record: swap strata.data.fhir 0.1.0 -> 0.2.0, side by side"
std::string SlotChangeText(const core::v1::SlotChange& change);
// A line per slot, then the warnings; "nothing to do" when it is empty.
std::string PlanText(const core::v1::Plan& plan);
// How it ended, or how far it is: one or two lines without the end of the last one.
std::string ChangeText(const core::v1::Change& change);
// The record of changes as a table, and as JSON.
std::string HistoryText(const core::v1::ListChangesResponse& changes);
std::string HistoryJson(const core::v1::ListChangesResponse& changes);

// "key=value" settings as one JSON object: keys are dotted, a value that is JSON counts as that,
// any other as a text. INVALID_ARGUMENT: not of that form, or one key is below another one's value.
Result<std::string> SettingsToJson(const std::vector<std::string>& settings);

// "10m", "90s", "2h", "600" (seconds), "0". INVALID_ARGUMENT otherwise.
Result<std::uint32_t> ParseSeconds(std::string_view text);

// "14:03:27", local time.
std::string ClockTime(std::int64_t wall_us);

}  // namespace strata::cli
