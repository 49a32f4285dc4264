#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"

namespace strata::fhir::terminology {

// The concepts of a CodeSystem (FHIR R4 codesystem.html) and what lies below what: by nesting and
// by the properties parent, child and subsumedBy. Immutable, thread-safe; move-only.
class CodeSystem {
 public:
  // `document`: a CodeSystem resource.
  explicit CodeSystem(json::Document document);

  std::string_view url() const { return root_["url"].string(); }
  // It lists all its concepts (content is complete).
  bool is_complete() const { return root_["content"].string() == "complete"; }
  // What lies below a concept is a kind of it (hierarchyMeaning is is-a, or says nothing).
  bool is_taxonomy() const;

  // As codes, in document order. Views into the document.
  using Codes = std::vector<std::string_view>;
  Codes All() const;
  // The concept and what lies below (above) it; just the code itself when there is no such concept.
  Codes Below(std::string_view code) const;
  Codes Above(std::string_view code) const;
  // Concepts that a filter of a ValueSet lets through (R4 valueset.html, compose.include.filter).
  // UNIMPLEMENTED: the operator is not known; INVALID_ARGUMENT: the value does not fit it;
  // FAILED_PRECONDITION: a hierarchy is asked for that does not mean subsumption.
  Result<Codes> Filter(std::string_view property, std::string_view op,
                       std::string_view value) const;
  // Not to be used any more (property inactive, or status retired or inactive).
  bool IsInactive(std::string_view code) const;

 private:
  struct Concept {
    json::Value value;
    std::string_view code;
    std::vector<std::size_t> parents;
    std::vector<std::size_t> children;
  };
  void AddConcepts(json::Value list, std::optional<std::size_t> parent, int depth);
  void LinkByProperties();
  void Link(std::size_t parent, std::size_t child);
  std::optional<std::size_t> Find(std::string_view code) const;
  std::vector<char> Reach(std::string_view code, bool down) const;
  Codes CodesOf(const std::vector<char>& chosen) const;
  template <typename Keep>
  Codes Choose(const Keep& keep) const;
  Result<Codes> FilterByHierarchy(std::string_view op, std::string_view value) const;

  json::Document document_;
  json::Value root_;
  std::vector<Concept> concepts_;
  std::unordered_map<std::string_view, std::size_t> by_code_;
};

}  // namespace strata::fhir::terminology
