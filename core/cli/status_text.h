#pragma once

#include <cstdint>
#include <string>

namespace strata::core::v1 {
class Health;
class StatusResponse;
}  // namespace strata::core::v1

namespace strata::cli {

// "serving", "starting", "not serving", "unknown"
std::string HealthName(const core::v1::Health& health);

// The stack as a table of its slots. With `before`, which was so many seconds earlier, calls are a
// rate instead of a number.
std::string StatusText(const core::v1::StatusResponse& status,
                       const core::v1::StatusResponse* before = nullptr, double seconds = 0);

// The same on one line, for a log.
std::string StatusLine(const core::v1::StatusResponse& status,
                       const core::v1::StatusResponse* before, double seconds);

}  // namespace strata::cli
