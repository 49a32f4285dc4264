#include "plugins/service_record_viewer/config.h"

#include "core/base/json.h"

namespace strata::record_viewer {
namespace {

Result<std::size_t> Number(const json::Member& member, std::size_t low, std::size_t high) {
  const auto value = member.value.int_value();
  if (!value || *value < static_cast<std::int64_t>(low) ||
      *value > static_cast<std::int64_t>(high)) {
    return InvalidArgument("\"" + std::string(member.name) + "\" must be a number from " +
                           std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::size_t>(*value);
}

Status Apply(const json::Member& member, Config* config) {
  if (member.name == "max_entries") {
    STRATA_ASSIGN_OR_RETURN(config->max_entries, Number(member, 100, 100000));
  } else if (member.name == "rows_per_page") {
    STRATA_ASSIGN_OR_RETURN(config->rows_per_page, Number(member, 5, 200));
  } else if (member.name == "list_patients" && member.value.is_bool()) {
    config->list_patients = member.value.bool_value();
  } else if (member.name == "product" && member.value.is_string()) {
    config->product = member.value.string();
  } else if (member.name == "search_secret" && member.value.is_string()) {
    config->search_secret = member.value.string();
  } else {
    return InvalidArgument("\"" + std::string(member.name) +
                           "\" is not a setting of the record viewer, or not of the right type");
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

}  // namespace strata::record_viewer
