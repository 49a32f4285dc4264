#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/index/convert.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::search {

// Index values from `begin` up to `end`, which is left out; an empty end is the parameter's last.
struct ValueSpan {
  std::string begin;
  std::string end;
};

// All values that begin so.
ValueSpan StartingWith(std::string_view prefix);

// One of the values a parameter is searched for, as questions to the index: where to look and
// which of the rows there match. Immutable once built; thread-safe.
struct Criterion {
  layout::ParameterNumber parameter = 0;
  std::vector<ValueSpan> spans;  // In order of their beginnings, without overlaps.
  // The only index value that matches: its rows are one run in order of resource number.
  std::optional<std::string> exact;
  // Which values within the spans match; empty: all.
  std::function<bool(std::string_view value)> matches;
  // Asked for the elements of the resources found when the index does not tell (:exact, :text);
  // empty: the index is enough.
  std::function<bool(const index::Conversion& conversion, json::Value element)> verify;

  // Asked for resources as a whole instead of all that: what the index knows nothing about.
  std::function<bool(json::Value resource)> look;

  // Whether an index value matches, wherever it comes from.
  bool Accepts(std::string_view value) const;

  static Criterion Exact(layout::ParameterNumber parameter, std::string value);
  // What both accept, of one parameter that the index tells; of several values of a resource the
  // same one.
  static Criterion Both(const Criterion& a, const Criterion& b);
};

// A parameter with its modifier, about to be compiled for its values.
struct Subject {
  const model::SearchParameter* definition = nullptr;
  layout::ParameterNumber parameter = 0;
  std::string_view modifier;
  std::int64_t now_us = 0;    // For ap.
  std::string_view base_url;  // This server's; empty when it is not known.
  std::string_view type;      // Of the resources that are searched for.
  bool has_texts = false;     // Its texts have index rows (index/derived.h).
};

// Compiles one value (one of an OR list, escapes still in). INVALID_ARGUMENT with what was
// expected: the value does not fit the parameter's type.
Result<std::vector<Criterion>> CompileValue(const Subject& subject, std::string_view value);

// Modifiers that a parameter of a type knows besides :missing, joined by commas.
std::string_view ModifiersOf(model::SearchType type);

}  // namespace strata::fhir::search
