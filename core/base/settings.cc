#include "core/base/settings.h"

namespace strata::base {

Status ReadSettings(std::string_view json_text,
                    const std::function<Status(const json::Member&)>& apply) {
  if (json_text.empty()) return OkStatus();
  STRATA_ASSIGN_OR_RETURN(const json::Document document, json::Document::Parse(json_text));
  if (!document.root().is_object()) return InvalidArgument("the configuration is no JSON object");
  for (const json::Member member : document.root().members()) {
    STRATA_RETURN_IF_ERROR(apply(member));
  }
  return OkStatus();
}

Result<std::uint64_t> NumberSetting(const json::Member& member, std::uint64_t low,
                                    std::uint64_t high) {
  const auto value = member.value.int_value();
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < low ||
      static_cast<std::uint64_t>(*value) > high) {
    return InvalidArgument("\"" + std::string(member.name) + "\" must be a number from " +
                           std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::uint64_t>(*value);
}

Status UnknownSetting(const json::Member& member, std::string_view plugin) {
  return InvalidArgument("\"" + std::string(member.name) + "\" is not a setting of " +
                         std::string(plugin) + ", or not of the right form");
}

}  // namespace strata::base
