#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/service_record_viewer/html.h"

// The frame that all pages share, and the components that they are built from (nhsuk-frontend's
// markup, without its scripts).
namespace strata::record_viewer {

struct MenuItem {
  std::string label;
  std::string path;
};

// What every page of one request shares.
struct Frame {
  std::string product = "Strata";
  std::vector<MenuItem> menu;  // of the whole stack
  std::string path;            // of this page, to mark the menu
  std::string stylesheet;      // address of the style sheet
  std::string favicon;
};

struct Page {
  std::string title;  // of the browser's tab, without the product's name; holds no patient's data
  Html before;        // between header and main content: banner, record menu
  Html main;
};

std::string RenderPage(const Frame& frame, const Page& page);

// A table that turns into a list of labelled values on a phone.
class Table final {
 public:
  Table(std::string caption, std::vector<std::string> columns)
      : caption_(std::move(caption)), columns_(std::move(columns)) {}

  // One cell for each column; the first is the row's heading.
  void Row(std::initializer_list<Html> cells);
  bool empty() const { return rows_.empty(); }
  Html Render() const;

 private:
  std::string caption_;
  std::vector<std::string> columns_;
  Html rows_;
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

enum class TagColour { kGrey, kGreen, kBlue, kYellow, kOrange, kRed };
Html Tag(std::string_view text, TagColour colour);

// "24 Sep 2011" as a <time>, or "Date not recorded".
Html DateText(std::string_view fhir_date);

// Date and, below it, the source: for tables that have no room for two columns.
Html Recorded(const Html& date, const Html& source);

// A calm remark, and a warning that must not be missed.
Html Inset(const Html& content);
Html Warning(std::string_view heading, const Html& content);

}  // namespace strata::record_viewer
