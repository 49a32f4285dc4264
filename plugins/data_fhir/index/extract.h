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
#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/model/custom_parameters.h"

namespace strata::fhir::index {

// Rows of every resource of a type: `_id` with the empty value. What lists and :missing start from.
inline constexpr std::string_view kAllCode = "_id";
layout::ParameterNumber AllNumber();

// Beside them (kAllCode | kCompanion) the order of ids (id_order.h).
layout::ParameterNumber IdOrderNumber();

// Finds the index values of resources: the expressions of all official R4 search parameters,
// compiled per resource type when the first resource of that type comes by. Thread-safe.
class Extractor {
 public:
  // What stores of earlier releases have no rows for, if false (FORMAT.md).
  struct Extras {
    bool id_order = true;
    bool derived = true;
    // What only those have rows for: composites that others cover (derived.h).
    bool covered = false;
  };
  // `custom`: parameters that a store defines itself, which outlive the extractor.
  Extractor() : Extractor({}, {}) {}
  Extractor(std::vector<const model::CustomParameter*> custom, Extras extras);
  ~Extractor();
  Extractor(const Extractor&) = delete;
  Extractor& operator=(const Extractor&) = delete;

  // The one for HL7 FHIR R4.
  static const Extractor& R4();

  // Replaces `*out` by the pairs of a resource, those that follow from others (derived.h) among
  // them, sorted and unique. `type` must be the resource's own. A value that the standard gives no
  // meaning for in search is left out, never an error.
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

  const std::vector<const model::CustomParameter*> custom_;
  const Extras extras_;
  mutable std::array<std::once_flag, 256> once_;
  mutable std::array<std::unique_ptr<const Compiled>, 256> compiled_;
};

// The extractor of a view: that of its store, or the one for R4.
const Extractor& ExtractorOf(const layout::View& view);

// The number of the parameter's index rows; 0 when it has none.
layout::ParameterNumber NumberOf(const model::SearchParameter& parameter);

// Whether the parameter can be indexed on resources of a type. INVALID_ARGUMENT with the reason:
// the expression is broken (with the position), names what does not exist, finds nothing there or
// nothing that a parameter of its type can hold; a component is not defined.
Status CheckIndexable(const model::SearchParameter& parameter, const model::Type& type);

}  // namespace strata::fhir::index
