#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"

// The few files beside the pages of a digital service (style sheet, icon, script), held in memory.
namespace strata::web {

struct Asset {
  std::string_view content_type;
  std::string body;
  std::string gzip;  // empty when it does not pay
  std::string etag;  // with quotes
};

// Immutable once loaded, then thread-safe.
class Assets final {
 public:
  // Reads files of a package by their names: *.css, *.js and *.svg. FAILED_PRECONDITION: one is
  // missing or of another kind, so the package is not complete.
  static Result<Assets> Load(std::string_view package_dir, std::span<const std::string_view> names);

  // Null when there is none of that name ("viewer.css").
  const Asset* Find(std::string_view name) const;

  // "/assets/viewer.css?v=1f3c..." changes with the content, so that browsers may keep it.
  std::string Address(std::string_view name) const;

 private:
  std::map<std::string, Asset, std::less<>> assets_;
};

}  // namespace strata::web
