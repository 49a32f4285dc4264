#pragma once

#include <strata/context.h>

#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/store/write_set.h"

// What single interactions and the entries of bundles have in common. Thread-safe.
namespace strata::fhir::store {

// If-Match: *
inline constexpr std::string_view kAnyVersion = "*";

// If-Match (empty: none; "*": any version of a resource that exists). FAILED_PRECONDITION: the
// resource is not there at that version.
Status CheckIfMatch(const Current& current, std::string_view version_id);

// If-None-Match: *. FAILED_PRECONDITION: the resource exists.
Status CheckIfNoneMatchAny(const Current& current);

// That the resource of an update to Type/id carries that id. INVALID_ARGUMENT: it has none or
// another.
Status CheckIdOfBody(std::string_view type, std::string_view url_id, std::string_view body_id);

// The text that is kept is what the update would write but for version and time: nothing changes.
bool IsUnchanged(const Version& stored, std::string_view composed_as_stored);

// Two conditional creates with one condition must not both find nothing and create: each that found
// nothing changes the row of the condition, which must be as it was before the search.
class ConditionGuard final {
 public:
  // Call before the search. One for each condition of a change.
  static Result<ConditionGuard> Read(Store& store, const Context& cx, std::string_view type,
                                     const Parameters& condition);
  void AddTo(RowChanges* changes) const;
  const std::string& key() const { return key_; }

 private:
  std::string key_;
  std::uint64_t version_ = 0;
};

}  // namespace strata::fhir::store
