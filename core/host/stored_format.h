#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::host {

// What a manifest says of the formats of what the plugin keeps ("formats"). Numbers ascend without
// a gap in `reads`; what it writes it also reads.
struct DeclaredFormats {
  std::string name;  // Of the family: plugins that say the same name mean the same formats.
  std::vector<std::uint32_t> reads;
  std::vector<std::uint32_t> writes;

  bool declared() const { return !name.empty(); }
  bool Reads(std::uint32_t format) const;
  bool Writes(std::uint32_t format) const;
  std::uint32_t newest() const { return writes.empty() ? 0 : writes.back(); }
  // "reads 1 to 2 and writes 1 and 2"
  std::string ToString() const;
};

// What a slot keeps. Nothing of a slot whose plugin declares no formats: `name` is empty then.
struct StoredFormat {
  std::string name;
  std::uint32_t writes = 0;  // What is written now: the format that the operator has committed to.
  std::uint32_t lowest = 0;  // The oldest that is stored still; below `writes`: to be migrated.

  bool known() const { return !name.empty(); }
  bool migrated() const { return lowest == writes; }
  bool operator==(const StoredFormat&) const = default;
};

// Whether a plugin can take over what is stored: it must read all of it and write the format that
// is written, so that there is a way back until the operator commits. `plugin` ("uk.example.store
// 1.0.0") is for the message. FAILED_PRECONDITION names both sides and what to do.
Status CheckCanTake(const StoredFormat& stored, std::string_view plugin,
                    const DeclaredFormats& declared);

}  // namespace strata::host
