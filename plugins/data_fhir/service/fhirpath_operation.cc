#include "plugins/data_fhir/service/fhirpath_operation.h"

#include <cctype>

#include "core/base/json_writer.h"
#include "plugins/data_fhir/fhirpath/fhirpath.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::service {
namespace {

using fhirpath::Item;

constexpr std::string_view kJsonValue = "http://fhir.forms-lab.com/StructureDefinition/json-value";

Status NotEvaluated(const Status& status) {
  return store::Fault(status.code(), "invalid", status.message(), "expression");
}

std::string ValueName(std::string_view type) {
  std::string name = "value";
  name.append(type);
  name[5] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[5])));
  return name;
}

void WriteQuantity(const fhirpath::Quantity& quantity, json::Writer* writer) {
  writer->Key("valueQuantity").BeginObject().Key("value").Raw(quantity.value.ToString());
  const std::string_view unit = quantity.unit.empty() ? "1" : quantity.unit;
  writer->Field("unit", unit);
  if (!quantity.calendar) writer->Field("system", "http://unitsofmeasure.org").Field("code", unit);
  writer->EndObject();
}

void WriteElement(const fhirpath::ElementRef& element, json::Writer* writer) {
  const std::string_view json = element.value ? element.value.raw() : std::string_view("null");
  if (element.type != nullptr && element.type->is_resource() && element.value) {
    writer->Key("resource").Raw(json);
    return;
  }
  const bool has_value_name =
      element.type != nullptr && element.type->kind() != model::Kind::kBackbone && element.value;
  if (has_value_name) {
    writer->Key(ValueName(element.type->name())).Raw(json);
    return;
  }
  writer->Key("extension").BeginArray().BeginObject();
  writer->Field("url", kJsonValue).Field("valueString", json).EndObject().EndArray();
}

void WriteItem(const Item& item, json::Writer* writer) {
  writer->BeginObject().Field("name", "result");
  if (item.is_element()) {
    WriteElement(item.element(), writer);
  } else if (const auto* quantity = item.As<fhirpath::Quantity>()) {
    WriteQuantity(*quantity, writer);
  } else if (const auto* type = item.As<fhirpath::TypeName>()) {
    writer->Field("valueString", std::string(type->space).append(".").append(type->name));
  } else {
    const std::string text = fhirpath::ToText(item).value_or("");
    const std::string_view name = item.type_name().name;
    writer->Key(ValueName(name));
    if (name == "Boolean" || name == "Integer" || name == "Decimal") {
      writer->Raw(text);
    } else {
      writer->String(text);
    }
  }
  writer->EndObject();
}

}  // namespace

Result<std::string> EvaluateFhirPath(std::string_view expression, json::Value resource) {
  const Result<fhirpath::Expression> compiled = fhirpath::Expression::Compile(expression);
  if (!compiled.ok()) return NotEvaluated(compiled.status());
  fhirpath::Evaluator evaluator;
  const auto items = evaluator.Evaluate(*compiled, Item::Resource(resource));
  if (!items.ok()) return NotEvaluated(items.status());
  std::string text;
  json::Writer writer(&text);
  writer.BeginObject().Field("resourceType", "Parameters").Key("parameter").BeginArray();
  for (const Item& item : *items) WriteItem(item, &writer);
  writer.EndArray().EndObject();
  return text;
}

}  // namespace strata::fhir::service
