#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"

namespace strata::host {

// The part of JSON Schema (2020-12) that a plugin's config_schema may use: type, properties,
// required, additionalProperties (true or false; false where it is left out, so that a misspelt
// setting is found), items, enum, minimum, maximum, minLength, maxLength (both in bytes), pattern
// (POSIX extended), default; and the annotations title,
// description, examples, $schema, and x-strata-locates-data (true: the setting says where the
// plugin keeps its data, so a plugin with another value does not have the same). Any other keyword
// is refused rather than ignored.

// What is wrong, and where: "pool.size" (empty: the whole).
struct SchemaProblem {
  std::string path;
  std::string message;
};

// Whether `schema` is one that the core understands.
std::optional<SchemaProblem> CheckSchema(json::Value schema);

// Whether `config` follows `schema`, which CheckSchema accepted. Values are not repeated in the
// message: they may be secrets.
std::optional<SchemaProblem> CheckConfig(json::Value schema, json::Value config);

// `config` with the defaults of `schema` filled in, at every level, as JSON text. Nested objects
// that are absent are made when one of their own members has a default.
std::string WithDefaults(json::Value schema, json::Value config);

// The nearest of `known` for a name that is none of them ("did you mean"); empty when none is near.
template <typename Range>
std::string_view Nearest(std::string_view name, const Range& known);

// Levenshtein distance.
std::size_t EditDistance(std::string_view a, std::string_view b);

template <typename Range>
std::string_view Nearest(std::string_view name, const Range& known) {
  std::string_view best;
  std::size_t best_distance = name.size() / 3 + 2;
  for (const auto& candidate : known) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

// "; did you mean \"x\"?" or nothing.
template <typename Range>
std::string DidYouMean(std::string_view name, const Range& known) {
  const std::string_view nearest = Nearest(name, known);
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace strata::host
