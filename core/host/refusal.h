#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::host {

// Why a package is not loaded, so that whoever reads it knows what to do next.
struct Refusal {
  std::string_view check;  // Which check: "manifest", "digest", "exports", ...
  std::string expected;
  std::string got;
  std::string_view fix;
};

// FAILED_PRECONDITION: `PACKAGE: check "digest" failed: expected A, got B. To fix: C.`
inline Status Refuse(std::string_view package, const Refusal& refusal) {
  std::string text(package);
  text.append(": check \"").append(refusal.check).append("\" failed: expected ");
  text.append(refusal.expected).append(", got ").append(refusal.got);
  text.append(". To fix: ").append(refusal.fix).append(".");
  return FailedPrecondition(std::move(text));
}

}  // namespace strata::host
