#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "plugins/service_record_viewer/html.h"
#include "plugins/service_record_viewer/search_form.h"

// Finding a patient: the form and the list of matches.
namespace strata::record_viewer {

// `errors` come first as a summary (which takes the focus) and again at their fields.
// `may_list` offers a list of all patients.
Html SearchFormPage(const SearchForm& form, const std::vector<FieldError>& errors, bool may_list);

struct Matches {
  SearchForm form;
  std::span<const json::Document> patients;
  std::optional<std::uint64_t> total;
  std::string next_path;  // empty when there is no further page
  bool first_page = true;
  std::int64_t now_us = 0;
};

Html MatchesPage(const Matches& matches);

}  // namespace strata::record_viewer
