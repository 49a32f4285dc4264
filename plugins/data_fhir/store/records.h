#pragma once

#include <strata/context.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/header.h"
#include "plugins/data_fhir/store/body_codec.h"
#include "plugins/data_fhir/store/definitions.h"
#include "plugins/data_fhir/store/hosting.h"

namespace strata::fhir::store {

// "Patient/42"
struct ResourceKey {
  layout::TypeNumber type = 0;
  std::string id;

  std::string_view type_name() const { return layout::TypeNameOf(type); }
  bool operator==(const ResourceKey&) const = default;
};

// What is stored under a key now. Thread-compatible.
struct Current {
  std::string id_row;  // the I row as it was read
  std::uint64_t id_row_version = 0;
  layout::ResourceNumber n = 0;   // 0: there never was such a resource
  std::uint64_t row_version = 0;  // of the R row
  std::string row;                // value of the R row
  layout::RowHeader header;

  bool known() const { return n != 0; }
  bool exists() const { return known() && header.change != layout::Change::kDeleted; }
  bool deleted() const { return known() && !exists(); }
};

// One version, unpacked.
struct Version {
  layout::ResourceNumber n = 0;
  std::uint64_t commit_version = 0;
  layout::RowHeader header;
  std::string json;  // empty for a deletion
};

// Reads resources by key and number. Codes: the hosting layer's; DATA_LOSS for damaged rows.
// Blocks. Thread-safe.
class Records final {
 public:
  Records(const Hosting& hosting, const BodyCodec& codec, const Definitions& definitions)
      : hosting_(hosting), codec_(codec), definitions_(definitions) {}

  // What is stored under each key, in their order.
  Result<std::vector<Current>> Load(const Context& cx, std::span<const ResourceKey> keys) const;
  Result<Current> LoadOne(const Context& cx, const ResourceKey& key) const;

  Result<Version> Unpack(const Context& cx, const Current& current) const;
  // Nothing when the resource has no such version.
  Result<std::optional<Version>> ReadVersion(const Context& cx, const Current& current,
                                             layout::VersionId version_id) const;

  // Versions by number, for instance those of a page of history, in the order asked for. DATA_LOSS
  // when one is not there.
  struct VersionKey {
    layout::ResourceNumber n = 0;
    layout::VersionId version_id = 0;
  };
  Result<std::vector<Version>> ReadVersions(const Context& cx, std::span<const VersionKey> keys,
                                            bool with_json) const;

  // The text behind a header and the first piece of a body. Empty for a deletion.
  Result<std::string> Text(const Context& cx, layout::ResourceNumber n,
                           const layout::Row& row) const;

  const Hosting& hosting() const { return hosting_; }
  const BodyCodec& codec() const { return codec_; }
  const Definitions& definitions() const { return definitions_; }

 private:
  Result<Version> UnpackRow(const Context& cx, layout::ResourceNumber n, const HostedRow& hosted,
                            bool with_json) const;

  const Hosting& hosting_;
  const BodyCodec& codec_;
  const Definitions& definitions_;
};

// The numbers in an I row. DATA_LOSS when it is damaged.
Result<std::vector<layout::ResourceNumber>> NumbersOfIdRow(std::string_view value);
void AppendNumber(layout::ResourceNumber n, std::string* id_row);

}  // namespace strata::fhir::store
