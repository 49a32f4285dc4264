#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/header.h"

namespace strata::fhir::index {
class Extractor;
}
namespace strata::fhir::model {
class CustomParameters;
}

namespace strata::fhir::layout {

// One row as it is now: its key, the version of the commit that wrote it, its value. Borrowed for
// the time of the callback.
struct StoredRow {
  std::string_view key;
  std::uint64_t version = 0;  // 0: the key is absent (Get only)
  std::string_view value;
};

struct ScanOptions {
  bool reverse = false;
  bool keys_only = false;   // value is empty: for rows where only the key counts
  std::uint64_t limit = 0;  // 0 is no limit
};

// A version of a resource as it was at the view's time. Borrowed for the time of the callback.
struct StoredResource {
  ResourceNumber n = 0;
  const RowHeader* header = nullptr;  // nullptr: the resource did not exist yet
  std::uint64_t commit_version = 0;
  std::string_view json;  // empty for a deletion and when bodies were not asked for
};

// What the store looked like at one moment, `as_of`, read from rows that keep their past: index
// rows carry their lifetimes (lifetime.h), bodies go to history rows. Get and Scan answer rows as
// they are *now*; the caller takes the past from them (AliveAt). Scans need no snapshot in the
// store.
//
// Codes: what the store answered (UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, ...), DATA_LOSS for
// rows that do not parse. Blocks. Single-threaded unless the implementation says otherwise.
class View {
 public:
  using RowCallback = std::function<bool(const StoredRow&)>;  // false ends the scan
  using GetCallback = std::function<void(std::size_t index, const StoredRow&)>;
  using ResourceCallback = std::function<Status(std::size_t index, const StoredResource&)>;

  virtual ~View() = default;

  // The moment: version of the last commit that this view sees.
  virtual std::uint64_t as_of() const = 0;

  // What the store defines beside the standard; nullptr: nothing. Live as long as the view.
  virtual const model::CustomParameters* custom_parameters() const { return nullptr; }
  virtual const index::Extractor* extractor() const { return nullptr; }
  // Whether every resource has an index row for its id: not in stores of earlier releases.
  virtual bool has_id_order() const { return false; }
  // And those that follow from its others (index/derived.h).
  virtual bool has_derived() const { return false; }
  // And those of composites that others cover (index/derived.h): only there.
  virtual bool has_covered() const { return true; }

  // Calls back once for each key, in order; absent keys have version 0.
  virtual Status Get(std::span<const std::string> keys, const GetCallback& callback) = 0;

  // Rows with keys in [begin, end), an empty end is to the last key.
  virtual Status Scan(std::string_view begin, std::string_view end, const ScanOptions& options,
                      const RowCallback& callback) = 0;

  // Each resource as of the view's moment, in the order asked for.
  virtual Status ReadResources(std::span<const ResourceNumber> numbers, bool with_json,
                               const ResourceCallback& callback) = 0;
};

// The values and resources of index rows with keys in [begin, end) as of the view's moment, in key
// order (or backwards). The callback answers false to end the scan. Codes as View::Scan; DATA_LOSS
// for rows that are no index rows.
Status ScanIndex(View& view, std::string_view begin, std::string_view end, bool reverse,
                 const std::function<bool(const IndexKeyParts&)>& callback);

}  // namespace strata::fhir::layout
