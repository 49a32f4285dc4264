#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/host/stored_format.h"

namespace strata::host {

// A binding that the stack file must connect.
struct Requirement {
  std::string name;     // "store"
  std::string service;  // "strata.hosting.v1.Hosting"
  bool optional = false;
};

// manifest.json of a package (core/sdk/README.md has the table).
struct Manifest {
  std::string id;
  std::string version;
  std::string layer;
  std::string title;
  std::string description;
  std::string owner;
  std::string status;
  std::string posture;
  std::vector<std::string> provides;
  std::vector<Requirement> requirements;
  std::vector<std::string> secrets;  // permissions.secrets
  DeclaredFormats formats;           // Of what it keeps; none: it keeps nothing of its own.
  std::string config_schema;         // JSON; {"type": "object"} when the manifest has none.
  std::map<std::string, std::string, std::less<>> files;  // SHA-256 by path inside the package.

  bool Provides(std::string_view service) const;
};

// `package` names the package in errors. FAILED_PRECONDITION (refusal.h): not JSON, a member is
// unknown, missing or of the wrong form, or the config schema is not one that the core understands.
Result<Manifest> ParseManifest(std::string_view package, std::string_view json);

}  // namespace strata::host
