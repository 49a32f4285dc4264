#pragma once

#include <string>

namespace strata::core::v1 {
class ListTrialsResponse;
class Trial;
}  // namespace strata::core::v1

namespace strata::cli {

// "preparing", "running", "ended", "withdrawn", "failed"
std::string TrialStateName(const core::v1::Trial& trial);

// A trial as a table of its methods and the places where answers differed.
std::string TrialText(const core::v1::Trial& trial);

// What a trial that was only planned would do, without the last newline.
std::string TrialPlanText(const core::v1::Trial& trial);

// All trials, a line each.
std::string TrialsText(const core::v1::ListTrialsResponse& trials);

// A JSON object on one line.
std::string TrialJson(const core::v1::Trial& trial);

}  // namespace strata::cli
