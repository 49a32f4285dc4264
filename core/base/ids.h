#pragma once

#include <cstdint>
#include <string>

namespace strata::base {

// A random 64-bit number from the thread's own generator, seeded from the system's entropy. Good
// for ids and sampling, not for secrets. Thread-safe, a few nanoseconds.
std::uint64_t RandomId();

// UUID version 7 (RFC 9562 section 5.7): sortable by time, the rest random. For request ids and
// other identifiers that need not be unguessable. Thread-safe.
std::string NewUuid7(std::int64_t wall_us);

// UUID version 4 (RFC 9562 section 5.4) from the system's entropy. Blocks only while the system
// has none (early boot). Thread-safe.
std::string NewUuid4();

}  // namespace strata::base
