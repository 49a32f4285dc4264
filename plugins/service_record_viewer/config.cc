#include "plugins/service_record_viewer/config.h"

#include "core/base/settings.h"

namespace strata::record_viewer {
namespace {

Status Apply(const json::Member& member, Config* config) {
  if (member.name == "max_entries") {
    STRATA_ASSIGN_OR_RETURN(config->max_entries, base::NumberSetting(member, 100, 100000));
  } else if (member.name == "rows_per_page") {
    STRATA_ASSIGN_OR_RETURN(config->rows_per_page, base::NumberSetting(member, 5, 200));
  } else if (member.name == "list_patients" && member.value.is_bool()) {
    config->list_patients = member.value.bool_value();
  } else if (member.name == "product" && member.value.is_string()) {
    config->product = member.value.string();
  } else if (member.name == "search_secret" && member.value.is_string()) {
    config->search_secret = member.value.string();
  } else {
    return base::UnknownSetting(member, "the record viewer");
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

}  // namespace strata::record_viewer
