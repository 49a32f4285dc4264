#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/service_console/text.h"

// The frame that all pages share, and the components that they are built from (nhsuk-frontend's
// markup, without its scripts). Pure functions.
namespace strata::console {

struct MenuItem {
  std::string label;
  std::string path;
};

// What every page of one request shares.
struct Frame {
  std::string product = "Strata";
  std::vector<MenuItem> menu;  // of all that operators have
  std::string path;            // of this page, to mark the menu
  std::string stylesheet;      // addresses of the files
  std::string script;
  std::string favicon;
};

struct Page {
  int http_status = 200;
  std::string title;  // of the browser's tab, without the product's name
  Html main;
  // Where the live part of the page comes from, as server-sent events; empty: it has none.
  std::string live_path;
  // The browser is sent there instead.
  std::string redirect;
};

std::string RenderPage(const Frame& frame, const Page& page);

// A page that sends the browser on (303 See Other).
Page RedirectTo(std::string path);

// The part of a page that follows the stack: with a link that renews it where no script does, and
// with what the script needs to do it by itself. `path` is that of the page, `live_path` that of
// its events.
Html LiveRegion(const Html& content, std::string_view path, std::string_view live_path,
                std::int64_t now_us);

enum class TagColour { kGrey, kGreen, kBlue, kYellow, kOrange, kRed };
Html Tag(std::string_view text, TagColour colour);
Html HealthTag(const core::v1::Slot& slot);
Html StateTag(core::v1::Change::State state);
Html StateTag(core::v1::Trial::State state);

// A calm remark, and a warning that must not be missed.
Html Inset(const Html& content);
Html Warning(std::string_view heading, const Html& content);

// Names and values; rows without a value are left out.
using Facts = std::vector<std::pair<std::string_view, Html>>;
Html SummaryList(const Facts& facts);

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

// "<a href=...>": a link within text, one that looks like a button, and the way back.
Html Link(std::string_view path, std::string_view text);
Html LinkButton(std::string_view path, std::string_view text, bool secondary = false);
Html BackLink(std::string_view path, std::string_view text);

// "/slots/NAME" and what is below it, safe for any name.
std::string SlotPath(std::string_view slot, std::string_view below = {});

}  // namespace strata::console
