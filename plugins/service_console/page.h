#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/nhsuk_page.h"
#include "plugins/service_console/text.h"

// What the console's pages are built from, beside what all digital services share. Pure functions.
namespace strata::console {

using web::Inset;
using web::Table;
using web::Tag;
using web::TagColour;

struct Page {
  int http_status = 200;
  std::string title;  // of the browser's tab, without the product's name
  Html main;
  // Where the live part of the page comes from, as server-sent events; empty: it has none.
  std::string live_path;
  // The browser is sent there instead.
  std::string redirect;
};

// A page that sends the browser on (303 See Other).
Page RedirectTo(std::string path);

// The part of a page that follows the stack: with a link that renews it where no script does, and
// with what the script needs to do it by itself. `path` is that of the page, `live_path` that of
// its events.
Html LiveRegion(const Html& content, std::string_view path, std::string_view live_path,
                std::int64_t now_us);

Html HealthTag(const core::v1::Slot& slot);
Html StateTag(core::v1::Change::State state);
Html StateTag(core::v1::Trial::State state);

// What must not be missed.
Html Warning(std::string_view heading, const Html& content);

// Names and values; rows without a value are left out.
using Facts = std::vector<std::pair<std::string_view, Html>>;
Html SummaryList(const Facts& facts);

// "<a href=...>": a link within text, one that looks like a button, and the way back.
Html Link(std::string_view path, std::string_view text);
Html LinkButton(std::string_view path, std::string_view text, bool secondary = false);
Html BackLink(std::string_view path, std::string_view text);

// "/slots/NAME" and what is below it, safe for any name.
std::string SlotPath(std::string_view slot, std::string_view below = {});

}  // namespace strata::console
