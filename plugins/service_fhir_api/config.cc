#include "plugins/service_fhir_api/config.h"

#include "core/base/settings.h"

namespace strata::fhir_api {
namespace {

Status Apply(const json::Member& member, Config* config) {
  if (member.name == "path" && member.value.string().starts_with('/') &&
      member.value.string().size() > 1 && !member.value.string().ends_with('/')) {
    config->path = member.value.string();
  } else if (member.name == "max_body_bytes") {
    STRATA_ASSIGN_OR_RETURN(config->max_body_bytes,
                            base::NumberSetting(member, 1024, std::uint64_t{1} << 40));
  } else if (member.name == "gzip_min_bytes") {
    STRATA_ASSIGN_OR_RETURN(config->gzip_min_bytes, base::NumberSetting(member, 0, 65536));
  } else if (member.name == "conditional_delete_multiple" && member.value.is_bool()) {
    config->conditional_delete_multiple = member.value.bool_value();
  } else {
    return base::UnknownSetting(member, "the FHIR API");
  }
  return OkStatus();
}

}  // namespace

Result<Config> ParseConfig(std::string_view json_text) {
  Config config;
  STRATA_RETURN_IF_ERROR(base::ReadSettings(
      json_text, [&config](const json::Member& member) { return Apply(member, &config); }));
  return config;
}

}  // namespace strata::fhir_api
