#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/index/program.h"
#include "plugins/data_fhir/layout/numbers.h"

namespace strata::fhir::index {

// Rows of every resource of a type: `_id` with the empty value. What lists and :missing start from.
inline constexpr std::string_view kAllCode = "_id";

// Finds the index values of resources: the expressions of all official R4 search parameters,
// compiled per resource type when the first resource of that type comes by. Thread-safe.
class Extractor {
 public:
  Extractor();
  ~Extractor();
  Extractor(const Extractor&) = delete;
  Extractor& operator=(const Extractor&) = delete;

  // The one for HL7 FHIR R4.
  static const Extractor& R4();

  // Replaces `*out` by the pairs of a resource, sorted and unique. `type` must be the resource's
  // own. A value that the standard gives no meaning for in search is left out, never an error.
  void Extract(layout::TypeNumber type, json::Value resource, EntryList* out) const;
  // The same for some parameters only (sorted, without companion bit).
  void ExtractOnly(layout::TypeNumber type, json::Value resource,
                   std::span<const layout::ParameterNumber> only, EntryList* out) const;

  // Shows the elements that some parameters (as above) look at.
  void VisitElements(layout::TypeNumber type, json::Value resource,
                     std::span<const layout::ParameterNumber> only,
                     const Program::Visitor& visit) const;

  // Parameters that could not be compiled, "Patient.deceased: reason". Compiles every type.
  std::vector<std::string> Faults() const;
  // Values that parameters find but do not look at, "Observation.value-quantity: SampledData".
  std::vector<std::string> UnusedTypes() const;

 private:
  struct Compiled;
  const Compiled& For(layout::TypeNumber type) const;

  mutable std::array<std::once_flag, 256> once_;
  mutable std::array<std::unique_ptr<const Compiled>, 256> compiled_;
};

}  // namespace strata::fhir::index
