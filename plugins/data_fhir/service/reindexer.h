#pragma once

#include <strata/context.h>

#include <string>

#include "core/base/json_writer.h"
#include "core/base/status.h"
#include "plugins/data_fhir/service/background.h"
#include "plugins/data_fhir/service/resource_cursor.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// Indexes what is stored by parameters that are new, a few hundred resources a commit, while
// everything else goes on; removes the rows of parameters that are gone. Its place is a row of the
// store: after a crash, or on another node, the work goes on where it was. One thread
// ("fhir-reindex"), which looks for work every second. Thread-safe.
class Reindexer final {
 public:
  explicit Reindexer(store::Store& store) : store_(store) {}

  void Start();
  void Stop() { background_.Stop(); }

 private:
  Status RunOnce(const Context& cx);
  Status Index(const Context& cx, const model::CustomParameter& parameter);
  // The next resources of the cursor's type; moves the cursor.
  Status Batch(const Context& cx, const store::DefinitionSet& set,
               const model::CustomParameter& parameter, ResourceCursor* cursor);
  Status Sweep(const Context& cx, const store::DefinitionSet& set, std::uint16_t number);
  bool stopping() const { return background_.stopping(); }

  store::Store& store_;
  Background background_;
};

// The answer of $reindex-status: a Parameters resource with a part for each custom parameter.
std::string ReindexStatus(const store::DefinitionSet& set);

}  // namespace strata::fhir::service
