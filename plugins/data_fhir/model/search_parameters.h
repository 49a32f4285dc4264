#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/model/model.h"

namespace strata::fhir::model {

// R4 search.html#ptypes
enum class SearchType : std::uint8_t {
  kNumber,
  kDate,
  kString,
  kToken,
  kReference,
  kComposite,
  kQuantity,
  kUri,
  kSpecial,
};
std::string_view SearchTypeName(SearchType type);

struct SearchComponent {
  std::string_view definition;  // URL of the parameter, without SearchParameter::kUrlPrefix.
  std::string_view expression;  // Evaluated on each result of the composite's own expression.
};

// A search parameter of the standard. Lists are texts joined by commas, empty when the standard
// gives none. Immutable, thread-safe, lives as long as the program.
struct SearchParameter {
  static constexpr std::string_view kUrlPrefix = "http://hl7.org/fhir/SearchParameter/";

  std::string_view code;
  SearchType type = SearchType::kSpecial;
  std::string_view bases;
  std::string_view url_tail;
  std::string_view expression;  // Empty: not defined by a path (_text, _content, _filter ...).
  std::string_view targets;
  std::string_view comparators;
  std::string_view modifiers;
  std::optional<bool> multiple_or;
  std::optional<bool> multiple_and;
  std::vector<SearchComponent> components;
  // Of parameters that a store defines itself: the number of their index rows, and the URL.
  std::uint16_t number = 0;
  std::string_view full_url = {};

  std::string Url() const {
    return full_url.empty() ? std::string(kUrlPrefix).append(url_tail) : std::string(full_url);
  }
};

// The parameters and compartments of R4. Get it by R4Search().
class SearchDefinitions {
 public:
  SearchDefinitions(const Model& model, std::string_view parameters, std::string_view compartments);
  SearchDefinitions(const SearchDefinitions&) = delete;
  SearchDefinitions& operator=(const SearchDefinitions&) = delete;

  // The parameter of a resource type, those of Resource and DomainResource included; nullptr when
  // there is none. `type` may be "Resource" for parameters of every type.
  const SearchParameter* Find(std::string_view type, std::string_view code) const;
  // By full URL or by its tail; nullptr when there is none.
  const SearchParameter* FindByUrl(std::string_view url) const;
  // Every parameter of a resource type, by code within its own, then DomainResource, Resource.
  std::vector<const SearchParameter*> ForType(std::string_view type) const;
  std::span<const SearchParameter> all() const { return parameters_; }

  // Codes of the parameters that put a resource of `type` into a compartment ("Patient"), joined
  // by commas; empty when no parameter does (R4 compartmentdefinition.html). The resource that
  // defines a compartment is always in it and not listed for that.
  std::string_view CompartmentParameters(std::string_view compartment, std::string_view type) const;
  // Device, Encounter, Patient, Practitioner, RelatedPerson.
  std::span<const std::string_view> compartments() const { return compartment_names_; }

 private:
  struct Entry {
    std::string_view base;
    std::string_view code;
    std::uint32_t index;
  };
  struct Membership {
    std::string_view compartment;
    std::string_view type;
    std::string_view codes;
  };
  void ReadParameters(std::string_view table);
  void ReadCompartments(std::string_view table);
  std::span<const Entry> EntriesOf(std::string_view base) const;

  const Model& model_;
  std::vector<SearchParameter> parameters_;
  std::vector<Entry> by_base_;          // Sorted by base, then code.
  std::vector<std::uint32_t> by_url_;   // Sorted by url_tail.
  std::vector<Membership> membership_;  // Sorted by compartment, then type.
  std::vector<std::string_view> compartment_names_;
};

const SearchDefinitions& R4Search();

}  // namespace strata::fhir::model
