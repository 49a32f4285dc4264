#pragma once

#include <strata/context.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

// What changes with a request_id did, so that a repeated call answers as the first one: a row that
// is written in the same commit as the change. Thread-safe.
namespace strata::fhir::store {

// A version that a change made or met. `n` is 0 when there was none.
struct RememberedItem {
  std::uint16_t status = 0;  // HTTP status of that part of the change
  layout::ResourceNumber n = 0;
  layout::VersionId version_id = 0;
};

// A request: its request_id (empty: nothing is remembered) and a hash of all the rest of it.
struct RequestName {
  std::string_view id;
  std::uint64_t fingerprint = 0;
};

// The items of the first call, once they are as safe as any commit; nothing when this is the first.
// INVALID_ARGUMENT: the request_id belongs to another request; ABORTED: the same is being found out
// elsewhere; and codes of a commit.
Result<std::optional<std::vector<RememberedItem>>> Recall(Store& store, const Context& cx,
                                                          const RequestName& request);

// Adds the row to a change, with the requirement that it was not there; now and then also removes
// rows that are older than kRememberUs.
Status Remember(Store& store, const Context& cx, const RequestName& request,
                const std::vector<RememberedItem>& items, RowChanges* changes);

inline constexpr std::int64_t kRememberUs = std::int64_t{26} * 3600 * 1'000'000;

}  // namespace strata::fhir::store
