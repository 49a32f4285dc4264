#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/html.h"

// The frame of a digital service's pages and the components that they are built from: the markup of
// nhsuk-frontend, without its scripts. The rules beside it are
// core/sdk/nhsuk/pages.css. Pure functions; thread-safe.
namespace strata::web {

struct MenuItem {
  std::string label;
  std::string path;
};

// What every page of one request shares.
struct Frame {
  std::string product = "Strata";
  Markup service = ""_html;  // behind the product's name in header and title; may be empty
  Markup theme_colour = "#005eb8"_html;  // of the browser's own frame
  Markup header_class = ""_html;         // of the header, beside its own; may be empty
  std::vector<MenuItem> menu;
  std::string path;        // of this page, to mark the menu
  std::string_view home;   // pages below it belong to the menu's "/"
  std::string stylesheet;  // addresses of the files
  std::string script;      // empty: the page needs none
  std::string favicon;
  Markup footer = ""_html;  // behind the product's name
};

// The whole document. `title` is that of the browser's tab and must hold no patient's data;
// `before` stands between header and main content, over the whole width.
std::string RenderDocument(const Frame& frame, std::string_view title, const Html& before,
                           const Html& main);

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

enum class TagColour { kGrey, kGreen, kBlue, kYellow, kOrange, kRed };
Html Tag(std::string_view text, TagColour colour);

// A calm remark, and a warning that must not be missed (its heading is an h2 or an h3).
Html Inset(const Html& content);
enum class HeadingLevel { k2, k3 };
Html Warning(HeadingLevel level, std::string_view heading, const Html& content);

}  // namespace strata::web
