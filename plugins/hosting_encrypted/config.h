#pragma once

#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/hosting_encrypted/key_source.h"

namespace strata::plugins::hosting_encrypted {

struct EncryptedOptions {
  // The first one wraps new data keys; the others only open what they wrapped.
  std::vector<KeySource> keys;
  // Percent of the time that the encryption of old values with a new key may take.
  unsigned rewrite_share = 25;
};

// INVALID_ARGUMENT: a setting is unknown, missing or wrong.
Result<EncryptedOptions> ParseOptions(std::string_view config_json);

}  // namespace strata::plugins::hosting_encrypted
