#include "plugins/data_fhir/store/definition_text.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

using model::CustomParameter;
using model::SearchType;

constexpr std::size_t kMaxCodeBytes = 64;
constexpr std::size_t kMaxComponents = 8;

Status Bad(std::string_view code, std::string text, std::string_view element) {
  return Fault(Code::kInvalidArgument, code, std::move(text),
               std::string("SearchParameter.").append(element));
}

std::string Joined(json::Value list) {
  std::string text;
  for (const json::Value element : list.elements()) {
    text.append(text.empty() ? "" : ",").append(element.string());
  }
  return text;
}

bool IsAbstractBase(std::string_view base) {
  return base == "Resource" || base == "DomainResource";
}

Status CheckCode(std::string_view code) {
  const bool plain = std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (!code.empty() && plain && code.size() <= kMaxCodeBytes) return {};
  return Bad("value", "a code has 1 to 64 letters, digits, '-' and '_'", "code");
}

Status CheckBases(json::Value bases) {
  if (bases.size() == 0) return Bad("required", "base is missing", "base");
  std::size_t index = 0;
  for (const json::Value base : bases.elements()) {
    const std::string_view name = base.string();
    if (!IsAbstractBase(name) && layout::TypeNumberOf(name) == 0) {
      return Bad("value", "base is no resource type of FHIR R4",
                 "base[" + std::to_string(index) + "]");
    }
    ++index;
  }
  return {};
}

Status ReadComponents(json::Value list, CustomParameter* parameter) {
  if (list.size() < 2 || list.size() > kMaxComponents) {
    return Bad("required", "a composite has 2 to 8 components", "component");
  }
  std::size_t index = 0;
  for (const json::Value component : list.elements()) {
    const std::string at = "component[" + std::to_string(index++) + "]";
    const std::string_view url = component["definition"].string();
    const model::SearchParameter* const part = model::R4Search().FindByUrl(url);
    if (part == nullptr) {
      return Bad("not-found", "no parameter of the standard has this URL", at + ".definition");
    }
    if (part->type == SearchType::kComposite) {
      return Bad("invalid", "a component cannot be a composite itself", at + ".definition");
    }
    if (component["expression"].string().empty()) {
      return Bad("required", "expression is missing", at + ".expression");
    }
    parameter->components.emplace_back(url, component["expression"].string());
  }
  return {};
}

// On which of its types the parameter says something. INVALID_ARGUMENT when on one it must not.
Status CheckTypes(const CustomParameter& parameter, json::Value bases) {
  for (const json::Value base : bases.elements()) {
    // What holds of all resources is looked at on one of them.
    const std::string_view name = IsAbstractBase(base.string()) ? "Patient" : base.string();
    if (const auto* taken = model::R4Search().Find(name, parameter.code)) {
      return Bad(
          "duplicate",
          "the standard has a parameter of that code: " + taken->Url() + "; choose another code",
          "code");
    }
    const Status checked =
        index::CheckIndexable(parameter.definition, *model::R4().FindResource(name));
    if (!checked.ok()) {
      return Bad("invalid", std::string(base.string()).append(": ").append(checked.message()),
                 "expression");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<CustomParameter>> ReadDefinition(json::Value resource) {
  auto parameter = std::make_unique<CustomParameter>();
  if (resource["status"].string() == "retired") return std::unique_ptr<CustomParameter>();
  parameter->code = resource["code"].string();
  parameter->url = resource["url"].string();
  STRATA_RETURN_IF_ERROR(CheckCode(parameter->code));
  const json::Value bases = resource["base"];
  STRATA_RETURN_IF_ERROR(CheckBases(bases));
  parameter->bases = Joined(bases);
  parameter->targets = Joined(resource["target"]);
  parameter->expression = resource["expression"].string();
  const auto type = model::SearchTypeNamed(resource["type"].string());
  if (!type || *type == SearchType::kSpecial) {
    return Bad("value",
               "type is none of number, date, string, token, reference, composite, "
               "quantity and uri",
               "type");
  }
  const model::SearchParameter* const official = model::R4Search().FindByUrl(parameter->url);
  if (official != nullptr && official->code == parameter->code && official->type == *type &&
      official->expression == parameter->expression) {
    return std::unique_ptr<CustomParameter>();  // a copy of the standard's own
  }
  if (parameter->expression.empty()) {
    return Bad("required", "expression is missing", "expression");
  }
  if (*type == SearchType::kComposite) {
    STRATA_RETURN_IF_ERROR(ReadComponents(resource["component"], parameter.get()));
  }
  parameter->Bind(*type, 0);
  STRATA_RETURN_IF_ERROR(CheckTypes(*parameter, bases));
  return parameter;
}

void WriteDefinition(const CustomParameter& parameter, json::Writer* writer) {
  writer->BeginObject().Field("id", parameter.id).Field("code", parameter.code);
  writer->Field("type", model::SearchTypeName(parameter.definition.type));
  writer->Field("bases", parameter.bases).Field("url", parameter.url);
  writer->Field("expression", parameter.expression).Field("targets", parameter.targets);
  writer->Key("components").BeginArray();
  for (const auto& [definition, expression] : parameter.components) {
    writer->BeginArray().String(definition).String(expression).EndArray();
  }
  writer->EndArray();
  writer->Key("number").Int(parameter.definition.number).Key("active").Bool(parameter.active);
  writer->Key("end").Int(static_cast<std::int64_t>(parameter.end_number)).EndObject();
}

Result<std::unique_ptr<CustomParameter>> ParseDefinition(json::Value stored) {
  auto parameter = std::make_unique<CustomParameter>();
  parameter->id = stored["id"].string();
  parameter->code = stored["code"].string();
  parameter->bases = stored["bases"].string();
  parameter->url = stored["url"].string();
  parameter->expression = stored["expression"].string();
  parameter->targets = stored["targets"].string();
  for (const json::Value component : stored["components"].elements()) {
    parameter->components.emplace_back(component.At(0).string(), component.At(1).string());
  }
  parameter->active = stored["active"].bool_value();
  parameter->end_number = static_cast<std::uint64_t>(stored["end"].int_value().value_or(0));
  const auto type = model::SearchTypeNamed(stored["type"].string());
  const auto number = stored["number"].int_value();
  if (!type || !number || *number < layout::kCustom || *number > UINT16_MAX) {
    return DataLoss("the store's search parameters cannot be read");
  }
  parameter->Bind(*type, static_cast<std::uint16_t>(*number));
  return parameter;
}

}  // namespace strata::fhir::store
