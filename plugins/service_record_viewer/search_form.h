#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/form.h"

// The form that finds a patient: reading it, checking it, and turning it into search parameters
// (FHIR R4 search.html). Pure functions over untrusted text.
namespace strata::record_viewer {

// As typed, so that the form can be shown again.
struct SearchForm {
  std::string nhs_number;
  std::string name;
  std::string day;
  std::string month;
  std::string year;
  std::string identifier;  // any other identifier

  bool blank() const;
};

// One error: which field (its id on the page) and what to do.
struct FieldError {
  std::string field;
  std::string message;
};

// Unknown fields are left out; the last value of a repeated field counts.
SearchForm ReadSearchForm(const web::Parameters& fields);

// Empty when the form can be searched with. An empty form is an error too.
std::vector<FieldError> CheckSearchForm(const SearchForm& form);

// Search parameters of Patient for a form without errors: identifier, name (one per word, so the
// order of words does not matter), birthdate.
web::Parameters SearchParameters(const SearchForm& form);

// What was searched for, for the results page: {"Name", "smith"}, ...
web::Parameters DescribeSearch(const SearchForm& form);

}  // namespace strata::record_viewer
