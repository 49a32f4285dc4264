#include "plugins/data_fhir/service/capability.h"

#include <array>
#include <string_view>

#include "core/base/json_writer.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/model/search_parameters.h"
#include "plugins/data_fhir/service/searcher.h"
#include "plugins/data_fhir/store/history.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {
namespace {

// CapabilityStatement.date: when what it says last changed.
constexpr std::string_view kReleased = "2026-11-22";

constexpr auto kTypeInteractions =
    std::to_array<std::string_view>({"read", "vread", "update", "patch", "delete",
                                     "history-instance", "history-type", "create", "search-type"});
constexpr auto kSystemInteractions =
    std::to_array<std::string_view>({"transaction", "batch", "search-system", "history-system"});

void WriteInteractions(std::span<const std::string_view> codes, json::Writer* writer) {
  writer->Key("interaction").BeginArray();
  for (const std::string_view code : codes) writer->BeginObject().Field("code", code).EndObject();
  writer->EndArray();
}

void DescribeParameter(const model::SearchParameter& parameter,
                       data::v1::TypeCapability* capability, json::Writer* writer) {
  const std::string_view type_name = model::SearchTypeName(parameter.type);
  auto* search = capability->add_search_parameters();
  search->set_code(std::string(parameter.code));
  search->set_type(std::string(type_name));
  search->set_definition(parameter.Url());
  writer->BeginObject().Field("name", parameter.code).Field("definition", parameter.Url());
  writer->Field("type", type_name).EndObject();
}

void DescribeType(const model::Type& type, const model::CustomParameters& custom,
                  data::v1::TypeCapability* capability, json::Writer* writer) {
  capability->set_type(std::string(type.name()));
  writer->BeginObject().Field("type", type.name());
  writer->Field("profile",
                std::string("http://hl7.org/fhir/StructureDefinition/").append(type.name()));
  for (const std::string_view code : kTypeInteractions) {
    capability->add_interactions(std::string(code));
  }
  WriteInteractions(kTypeInteractions, writer);
  writer->Field("versioning", "versioned-update").Key("readHistory").Bool(true);
  writer->Key("updateCreate").Bool(true).Key("conditionalCreate").Bool(true);
  writer->Field("conditionalRead", "full-support").Key("conditionalUpdate").Bool(true);
  // What bundles do, and interactions unless the service asks for all matches.
  writer->Field("conditionalDelete", "single");
  for (const std::string_view key : {"searchInclude", "searchRevInclude"}) {
    writer->Key(key).BeginArray().String("*").EndArray();
  }
  writer->Key("searchParam").BeginArray();
  for (const model::SearchParameter* parameter : model::R4Search().ForType(type.name())) {
    if (IsSearchable(*parameter)) DescribeParameter(*parameter, capability, writer);
  }
  for (const model::CustomParameter* parameter : custom.ForType(type.name())) {
    if (parameter->active) DescribeParameter(parameter->definition, capability, writer);
  }
  writer->EndArray().EndObject();
}

}  // namespace

data::v1::DescribeResponse DescribeCapabilities(const model::CustomParameters& custom) {
  data::v1::DescribeResponse response;
  response.set_name("Strata data_fhir");
  response.set_version("0.1.0");
  response.set_fhir_version("4.0.1");
  response.set_max_resource_bytes(store::kMaxResourceBytes);
  response.set_max_page_size(store::kMaxPageSize);
  std::string rest;
  json::Writer writer(&rest);
  writer.BeginObject().Field("mode", "server").Key("resource").BeginArray();
  for (const model::Type* type : model::R4().resource_types()) {
    DescribeType(*type, custom, response.add_types(), &writer);
  }
  writer.EndArray();
  WriteInteractions(kSystemInteractions, &writer);
  writer.EndObject();
  response.set_capability_rest_json(std::move(rest));
  return response;
}

std::string CapabilityStatement(const model::CustomParameters& custom, std::string_view base_url) {
  const data::v1::DescribeResponse record = DescribeCapabilities(custom);
  std::string text;
  json::Writer writer(&text);
  writer.BeginObject().Field("resourceType", "CapabilityStatement").Field("status", "active");
  writer.Field("date", kReleased).Field("kind", "instance");
  writer.Key("software").BeginObject().Field("name", record.name());
  writer.Field("version", record.version()).EndObject();
  writer.Key("implementation").BeginObject().Field("description", "Strata FHIR R4 record");
  if (!base_url.empty()) writer.Field("url", base_url);
  writer.EndObject().Field("fhirVersion", record.fhir_version());
  writer.Key("format").BeginArray().String("application/fhir+json").String("json").EndArray();
  writer.Key("patchFormat").BeginArray().String("application/json-patch+json");
  writer.String("application/fhir+json").EndArray();
  writer.Key("rest").BeginArray().Raw(record.capability_rest_json()).EndArray().EndObject();
  return text;
}

}  // namespace strata::fhir::service
