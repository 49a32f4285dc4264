#pragma once

#include <strata/context.h>

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/store/stored_json.h"
#include "plugins/data_fhir/store/write_set.h"

// What an entry does to a resource that was read, for transactions and for groups of batch entries.
// Thread-safe; block.
namespace strata::fhir::bundle {

inline constexpr std::uint32_t kStatusOk = 200;
inline constexpr std::uint32_t kStatusCreated = 201;
inline constexpr std::uint32_t kStatusNoContent = 204;

struct Prepared {
  std::uint32_t status = 0;
  data::v1::Resource resource;        // the resulting version; its json only when nothing changes
  std::optional<store::Write> write;  // nothing: there is nothing to change
};

// A DELETE. Errors of CheckIfMatch.
Result<Prepared> PrepareDelete(store::Store& store, const Entry& entry, store::ResourceKey key,
                               store::Current current);

// A POST, PUT or PATCH that makes `resource`, changed by `splices`. Errors of the preconditions.
Result<Prepared> PrepareWrite(store::Store& store, const Context& cx, const Entry& entry,
                              store::ResourceKey key, store::Current current,
                              const store::ClientResource& resource,
                              std::span<const store::Splice> splices);

// What a PATCH makes of what is stored. NOT_FOUND when nothing is; errors of store::Patched.
Result<json::Document> PreparePatch(store::Store& store, const Context& cx, const Entry& entry,
                                    const store::ResourceKey& key, const store::Current& current);

void FillHeader(const store::ResourceKey& key, layout::VersionId version_id,
                std::int64_t last_updated_us, layout::Change change, data::v1::Resource* resource);

}  // namespace strata::fhir::bundle
