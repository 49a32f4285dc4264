#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/hosting_encrypted/keyring.h"

namespace strata::plugins::hosting_encrypted {

// Most bytes that an envelope adds to a value.
inline constexpr std::size_t kEnvelopeBytes = 64;

// Where the version of the commit will be put into a key or value, which is known only afterwards.
struct Stamps {
  std::optional<std::uint32_t> key_at;
  std::optional<std::uint32_t> value_at;
};

// Appends the value as it is stored under a key (of the caller): README.md, "What is stored". The
// key is authenticated with it, so that values cannot be exchanged between keys.
Status SealValue(const DataKey& with, std::string_view key, std::string_view value,
                 const Stamps& stamps, std::string* out);

// The number of the data key of a stored value; 0: these are not the bytes of an envelope.
std::uint64_t DataKeyOf(std::string_view stored);

// Replaces *value by what was sealed for this key in the commit of this version. DATA_LOSS: it was
// not, or it is damaged, or its data key is unknown.
Status OpenValue(const Keyring& ring, std::string_view key, std::uint64_t version,
                 std::string_view stored, std::string* value);

}  // namespace strata::plugins::hosting_encrypted
