#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

// The value of an index row: the times in which the resource had that value.
//
// A time is the version of a commit. The value is a list of varints from, to, from, to, ...: each
// pair is one life [from, to). The row's own version is the last number and is not written: with an
// even count of numbers the row lives since its own version (so an empty value is a row that was
// written once and still lives), with an odd count its last life ended at its own version. Nobody
// needs to know the version of a commit before it is made. Stored: never change. Thread-safe.
namespace strata::fhir::layout {

// Whether the row was alive at `at`. A value that does not parse is not alive.
bool AliveAt(std::uint64_t row_version, std::string_view value, std::uint64_t at);

// Whether it is alive now, that is as of its own version.
bool IsAlive(std::string_view value);

// What to write to end a row that lives, or to revive one that has ended, given the row as it is.
// Calling it for a row in the other state is a bug of the caller and answers DATA_LOSS, as do bytes
// that are no lifetime.
Result<std::string> Ended(std::uint64_t row_version, std::string_view value);
Result<std::string> Revived(std::uint64_t row_version, std::string_view value);

}  // namespace strata::fhir::layout
