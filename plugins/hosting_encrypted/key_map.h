#pragma once

#include <string>
#include <string_view>

// Where the keys of callers are in the store below. They stay as they are, so that their order
// stays; only the key of one byte 0 is ours, and callers' keys that begin with 0 get another 0
// before them, which keeps their order too.
namespace strata::plugins::hosting_encrypted {

// The row that holds the wrapped data keys.
inline constexpr std::string_view kKeyringKey{"\0", 1};
// Where the rows of callers begin.
inline constexpr std::string_view kFirstKey{"\0\0", 2};

inline bool Shifted(std::string_view key) { return !key.empty() && key[0] == '\0'; }

inline std::string Stored(std::string_view key) {
  std::string stored;
  if (Shifted(key)) stored.push_back('\0');
  return stored.append(key);
}

// An empty begin means the first key, an empty end the last one, as in the contract.
inline std::string StoredBegin(std::string_view begin) {
  return begin.empty() ? std::string(kFirstKey) : Stored(begin);
}

inline std::string_view Original(std::string_view stored) {
  if (Shifted(stored)) stored.remove_prefix(1);
  return stored;
}

inline std::string_view OriginalBegin(std::string_view stored) {
  return stored == kFirstKey ? std::string_view() : Original(stored);
}

}  // namespace strata::plugins::hosting_encrypted
