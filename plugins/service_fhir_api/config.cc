#include "plugins/service_fhir_api/config.h"

#include "core/base/json.h"

namespace strata::fhir_api {
namespace {

Result<std::uint64_t> Number(const json::Member& member, std::int64_t low, std::int64_t high) {
  const auto value = member.value.int_value();
  if (!value || *value < low || *value > high) {
    return InvalidArgument("\"" + std::string(member.name) + "\" must be a number from " +
                           std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::uint64_t>(*value);
}

Status Apply(const json::Member& member, Config* config) {
  if (member.name == "path" && member.value.string().starts_with('/') &&
      member.value.string().size() > 1 && !member.value.string().ends_with('/')) {
    config->path = member.value.string();
  } else if (member.name == "max_body_bytes") {
    STRATA_ASSIGN_OR_RETURN(config->max_body_bytes, Number(member, 1024, std::int64_t{1} << 40));
  } else if (member.name == "gzip_min_bytes") {
    STRATA_ASSIGN_OR_RETURN(config->gzip_min_bytes, Number(member, 0, 65536));
  } else if (member.name == "conditional_delete_multiple" && member.value.is_bool()) {
    config->conditional_delete_multiple = member.value.bool_value();
  } else {
    return InvalidArgument("\"" + std::string(member.name) +
                           "\" is not a setting of the FHIR API, or not of the right form");
  }
  return {};
}

}  // namespace

Result<Config> ParseConfig(std::string_view json_text) {
  Config config;
  if (json_text.empty()) return config;
  STRATA_ASSIGN_OR_RETURN(const json::Document document, json::Document::Parse(json_text));
  if (!document.root().is_object()) return InvalidArgument("the configuration is no JSON object");
  for (const json::Member member : document.root().members()) {
    STRATA_RETURN_IF_ERROR(Apply(member, &config));
  }
  return config;
}

}  // namespace strata::fhir_api
