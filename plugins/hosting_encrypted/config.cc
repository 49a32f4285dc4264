#include "plugins/hosting_encrypted/config.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/settings.h"

namespace strata::plugins::hosting_encrypted {
namespace {

constexpr std::size_t kMostIdBytes = 64;
constexpr std::size_t kMostKeys = 16;

Result<KeySource> ParseKey(const json::Value& value) {
  KeySource key;
  for (const json::Member& member : value.members()) {
    if (member.name == "id" && member.value.is_string()) {
      key.id = member.value.string();
    } else if (member.name == "file" && member.value.is_string()) {
      key.file = member.value.string();
    } else if (member.name == "command" && member.value.is_array()) {
      for (const json::Value& argument : member.value.elements()) {
        key.command.emplace_back(argument.string());
      }
    } else {
      return base::UnknownSetting(member, "a key of encrypted hosting");
    }
  }
  if (key.id.empty() || key.id.size() > kMostIdBytes) {
    return InvalidArgument("each of \"keys\" needs an \"id\" of at most 64 bytes");
  }
  if (key.file.empty() == key.command.empty()) {
    return InvalidArgument("key \"" + key.id + "\" needs either a \"file\" or a \"command\"");
  }
  if (!key.command.empty() && key.command[0].rfind('/', 0) != 0) {
    return InvalidArgument("the command of key \"" + key.id + "\" needs its full path");
  }
  return key;
}

Status ParseKeys(const json::Value& value, std::vector<KeySource>* keys) {
  for (const json::Value& element : value.elements()) {
    STRATA_ASSIGN_OR_RETURN(KeySource key, ParseKey(element));
    const bool twice = std::any_of(keys->begin(), keys->end(),
                                   [&](const KeySource& other) { return other.id == key.id; });
    if (twice) return InvalidArgument("two keys have the id \"" + key.id + "\"");
    keys->push_back(std::move(key));
  }
  if (keys->size() > kMostKeys) return InvalidArgument("there are more than 16 keys");
  return OkStatus();
}

}  // namespace

Result<EncryptedOptions> ParseOptions(std::string_view config_json) {
  EncryptedOptions options;
  const auto apply = [&](const json::Member& member) -> Status {
    if (member.name == "keys" && member.value.is_array()) {
      return ParseKeys(member.value, &options.keys);
    }
    if (member.name == "rewrite_share") {
      STRATA_ASSIGN_OR_RETURN(const std::uint64_t share, base::NumberSetting(member, 1, 100));
      options.rewrite_share = static_cast<unsigned>(share);
      return OkStatus();
    }
    return base::UnknownSetting(member, "encrypted hosting");
  };
  STRATA_RETURN_IF_ERROR(base::ReadSettings(config_json, apply));
  if (options.keys.empty()) return InvalidArgument("\"keys\" names no key");
  return options;
}

}  // namespace strata::plugins::hosting_encrypted
