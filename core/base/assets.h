#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"

// The few files beside the pages of a digital service (style sheet, icon, script), held in memory.
namespace strata::web {

struct AssetAnswer {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string_view body;  // of the assets' own
};

// Immutable once loaded, then thread-safe.
class Assets final {
 public:
  // Reads files of a package by their names: *.css, *.js and *.svg. FAILED_PRECONDITION: one is
  // missing or of another kind, so the package is not complete.
  static Result<Assets> Load(std::string_view package_dir, std::span<const std::string_view> names);

  // The answer to a GET with these headers (empty: not sent): 200, or 304 Not Modified (RFC 9110
  // section 15.4.5). Nothing when there is no file of that name ("viewer.css").
  std::optional<AssetAnswer> Answer(std::string_view name, std::string_view if_none_match,
                                    std::string_view accept_encoding) const;

  // "/assets/viewer.css?v=1f3c..." changes with the content, so that browsers may keep it.
  std::string Address(std::string_view name) const;

 private:
  struct Asset {
    std::string_view content_type;
    std::string body;
    std::string gzip;  // empty when it does not pay
    std::string etag;  // with quotes
  };

  std::map<std::string, Asset, std::less<>> assets_;
};

}  // namespace strata::web
