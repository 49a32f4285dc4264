#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/nhsuk_page.h"
#include "plugins/service_record_viewer/html.h"

// What the viewer's pages are built from, beside what all digital services share. Pure functions.
namespace strata::record_viewer {

using web::Inset;
using web::Table;
using web::Tag;
using web::TagColour;

struct Page {
  std::string title;  // of the browser's tab, without the product's name; holds no patient's data
  Html before;        // between header and main content: banner, record menu
  Html main;
};

// Rows [begin, end) of `total` on page `number` (from 1).
struct Paging {
  std::size_t number = 1;
  std::size_t per_page = 25;
  std::size_t total = 0;

  std::size_t pages() const { return total == 0 ? 1 : (total + per_page - 1) / per_page; }
  std::size_t begin() const {
    return (number - 1) * per_page < total ? (number - 1) * per_page : 0;
  }
  std::size_t end() const { return begin() + per_page < total ? begin() + per_page : total; }
};

// "Showing 26 to 50 of 61" and links to the pages before and after (?page=N on `path`); nothing
// when everything fits.
Html RenderPaging(const Paging& paging, std::string_view path);

// "24 Sep 2011" as a <time>, or "Date not recorded".
Html DateText(std::string_view fhir_date);

// Date and, below it, the source: for tables that have no room for two columns.
Html Recorded(const Html& date, const Html& source);

// What must not be missed.
Html Warning(std::string_view heading, const Html& content);

}  // namespace strata::record_viewer
