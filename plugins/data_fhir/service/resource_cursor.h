#pragma once

#include <strata/context.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// A place in work on all current resources of a store, by type and number: what lies before it is
// done. Kept in a row, so that the work goes on where it was. Not thread-safe.
struct ResourceCursor {
  layout::TypeNumber type = 1;
  layout::ResourceNumber n = 0;
  std::uint64_t done = 0;  // resources
  std::int64_t began_us = 0;

  // Stored: never change. What is no cursor is decoded as the beginning, as of `now_us`.
  std::string Encode() const;
  static ResourceCursor Decode(std::string_view bytes, std::int64_t now_us);

  bool at_end() const;
  void PassType();
  // Behind resources that are done, of which `limit` had been asked for.
  void Pass(std::span<const layout::ResourceNumber> numbers, std::size_t limit);
};

// The next current resources of the cursor's type, at most `limit`. Codes: the hosting layer's.
// Blocks. Thread-safe.
Result<std::vector<layout::ResourceNumber>> ResourcesFrom(const store::Store& store,
                                                          const Context& cx,
                                                          const ResourceCursor& cursor,
                                                          std::size_t limit);

// Adds to `changes` the index rows that `entries_of` tells of each of the resources that is there,
// and requires it unchanged: whoever changes it meanwhile indexes it himself. Codes: the hosting
// layer's; DATA_LOSS. Blocks. Thread-safe.
using EntriesOf = std::function<void(json::Value resource, index::EntryList* out)>;
Status IndexResources(store::Store& store, const Context& cx, layout::TypeNumber type,
                      std::span<const layout::ResourceNumber> numbers, const EntriesOf& entries_of,
                      store::RowChanges* changes);

}  // namespace strata::fhir::service
