#include "storage/service/config.h"

#include <algorithm>
#include <utility>

namespace strata::storage::service {

Result<Config> Config::Parse(std::string_view json, std::initializer_list<std::string_view> known) {
  STRATA_ASSIGN_OR_RETURN(json::Document document,
                          json::Document::Parse(json.empty() ? "{}" : json));
  if (!document.root().is_object()) return InvalidArgument("the configuration is not an object");
  for (const json::Member& member : document.root().members()) {
    if (std::find(known.begin(), known.end(), member.name) == known.end()) {
      return InvalidArgument("unknown setting \"" + std::string(member.name) + "\"");
    }
  }
  return Config(std::move(document));
}

Status Config::Read(std::string_view name, std::string* value) const {
  const json::Value member = document_.root()[name];
  if (!member) return OkStatus();
  if (!member.is_string()) return InvalidArgument(std::string(name) + " must be a string");
  value->assign(member.string());
  return OkStatus();
}

Status Config::Read(std::string_view name, std::int64_t least, std::int64_t most,
                    std::int64_t* value) const {
  const json::Value member = document_.root()[name];
  if (!member) return OkStatus();
  const std::optional<std::int64_t> number = member.int_value();
  if (!number || *number < least || *number > most) {
    return InvalidArgument(std::string(name) + " must be a whole number from " +
                           std::to_string(least) + " to " + std::to_string(most));
  }
  *value = *number;
  return OkStatus();
}

}  // namespace strata::storage::service
