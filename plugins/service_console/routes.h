#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/form.h"
#include "plugins/service_console/view.h"

// Which address has which page (README.md has the table). `segments` are the decoded parts of the
// path. NOT_FOUND: there is no such page; other errors are the core's.
namespace strata::console {

inline constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kMenu = {
    {{"Stack", "/"}, {"Changes", "/changes"}, {"Trials", "/trials"}, {"Packages", "/packages"}}};

Result<Page> GetPage(const View& view, const std::vector<std::string>& segments,
                     std::string_view query);

// A form as sent; its token has been checked.
Result<Page> PostPage(const View& view, const std::vector<std::string>& segments,
                      const web::Parameters& fields);

// The live part of a page, for its events.
Result<LiveUpdate> GetUpdate(const View& view, const std::vector<std::string>& segments);

}  // namespace strata::console
