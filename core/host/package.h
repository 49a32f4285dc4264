#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/host/manifest.h"

namespace strata::host {

// A package folder that passed every check that needs no code to run.
struct Package {
  std::string dir;  // Absolute.
  Manifest manifest;
  std::string digest;  // SHA-256 of the shared object.
  std::string image;   // The bytes that were hashed: what is loaded is a copy of these.
};

// Reads and verifies the package in `dir`: the manifest is complete, the folder holds exactly the
// files that it lists with those digests, and plugin.so exports strata_plugin_v1 and nothing else.
// FAILED_PRECONDITION (refusal.h) names the check; NOT_FOUND: there is no such folder.
Result<Package> OpenPackage(const std::string& dir);

// Only the manifest, for listing.
Result<Manifest> ReadManifest(const std::string& dir);

// Where packages are looked for by folder name.
class PackagePath final {
 public:
  explicit PackagePath(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  // The folder of `name`; a name with a slash is a path itself, relative to `base`. NOT_FOUND says
  // where it was looked for and which package has a similar name.
  Result<std::string> Find(const std::string& name, const std::string& base) const;

  // All folders with a manifest.json, first on the path first, a name only once.
  std::vector<std::string> List() const;

 private:
  std::vector<std::string> folders_;
};

}  // namespace strata::host
