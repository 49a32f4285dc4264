#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/options.h"

// The tables of a store: storage/FORMAT.md.
namespace strata::storage::sqlite {

// Stored: never change. "Strt" in the header of the file.
inline constexpr std::int64_t kApplicationId = 0x53747274;
inline constexpr std::uint32_t kStoredFormat = 1;
// While the table run holds a published commit, which earlier programs would not see.
inline constexpr std::uint32_t kFormatWithRun = 2;

// Makes the tables in an empty file, or checks that the file is a store that this program can
// read. FAILED_PRECONDITION: another program's file, or of a later format.
Status PrepareStore(Connection* connection, const SqliteOptions& options);
// The same of a store that is there already: changes nothing.
Status CheckStore(Connection* connection);

// Writes the number of the stored format; part of the open transaction.
Status SetFormat(Connection* connection, std::uint32_t format);

// What every connection sets.
Status ConfigureConnection(Connection* connection, std::size_t cache_bytes);

// A value of the table meta; empty when it is not there.
Result<std::string> ReadMeta(Connection* connection, const char* name);
Status WriteMeta(Connection* connection, const char* name, std::string_view value);

}  // namespace strata::storage::sqlite
