#pragma once

#include <string_view>

namespace strata::trial {

// What the comparison knows of the contracts beyond their descriptors. README.md has the table.

// The field ("strata.data.v1.SearchResponse.next_page_token") differs by nature between two
// instances: tokens, durations, versions of views, who it is that answers.
bool DiffersByNature(std::string_view full_field_name);

// The field carries JSON in `bytes`: named "json" or "patch", or ending in "_json" or "bundle".
bool CarriesJson(std::string_view field_name);

// Pieces of one whole in a stream of answers: compared once joined.
bool IsPiece(std::string_view full_field_name);

// The field holds rows packed as in strata.hosting.v1.ScanResponse.
bool CarriesRows(std::string_view full_field_name);

// The method is no write, although its contract does not say that it has no side effects: readers
// open and close views with it.
bool OnlyOpensViews(std::string_view full_method);

// Reads that a candidate cannot answer alike: feeds, copies of everything, and what depends on a
// past that the candidate was not given.
bool NotComparable(std::string_view full_method);

// The request means the same to another instance: it holds no page token or snapshot of the one
// that it was sent to, and asks for no version that the candidate was not given.
bool CanBeRepeated(std::string_view full_method, std::string_view request);

// Differs at this place because the candidate's copy of the records was imported: when a version
// was stored, and what was done to make it; earlier ones are not there.
bool DiffersByImport(std::string_view path);

}  // namespace strata::trial
