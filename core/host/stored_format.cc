#include "core/host/stored_format.h"

#include <algorithm>

namespace strata::host {
namespace {

bool Has(const std::vector<std::uint32_t>& formats, std::uint32_t format) {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

std::string ListOf(const std::vector<std::uint32_t>& formats) {
  std::string out;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (i > 0) out += i + 1 == formats.size() ? " and " : ", ";
    out += std::to_string(formats[i]);
  }
  return out;
}

std::string FormatsOf(const StoredFormat& stored) {
  std::string out = stored.name + " " + std::to_string(stored.writes);
  if (!stored.migrated()) out += " (in part still " + std::to_string(stored.lowest) + ")";
  return out;
}

}  // namespace

bool DeclaredFormats::Reads(std::uint32_t format) const { return Has(reads, format); }
bool DeclaredFormats::Writes(std::uint32_t format) const { return Has(writes, format); }

std::string DeclaredFormats::ToString() const {
  return "reads " + ListOf(reads) + " and writes " + ListOf(writes);
}

Status CheckCanTake(const StoredFormat& stored, std::string_view plugin,
                    const DeclaredFormats& declared) {
  if (!stored.known()) return OkStatus();
  const std::string what =
      "what it keeps is stored in format " + FormatsOf(stored) + ", and " + std::string(plugin);
  if (declared.name != stored.name) {
    const std::string other =
        declared.declared() ? " stores in formats of " + declared.name : " declares no formats";
    return FailedPrecondition(what + other +
                              ": it would not find the records. Take a plugin that reads and "
                              "writes " +
                              FormatsOf(stored) +
                              ", or export the records and import them into a slot of the other "
                              "plugin");
  }
  if (declared.Reads(stored.lowest) && declared.Reads(stored.writes) &&
      declared.Writes(stored.writes)) {
    return OkStatus();
  }
  const bool committed = declared.newest() < stored.writes;
  return FailedPrecondition(
      what + " " + declared.ToString() +
      (committed ? ": format " + std::to_string(stored.writes) +
                       " was committed, so there is no way back to a version without it. Take a "
                       "newer version, or restore the backup from before"
                 : ": there would be no way back. Take a version between the two, which reads and "
                   "writes format " +
                       std::to_string(stored.writes) + ", and commit its newest format first"));
}

}  // namespace strata::host
