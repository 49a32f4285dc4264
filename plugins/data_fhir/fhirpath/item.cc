#include "plugins/data_fhir/fhirpath/item.h"

#include <array>
#include <type_traits>

namespace strata::fhirpath {
namespace {

using fhir::model::R4;
using fhir::model::Type;

static_assert(std::is_trivially_copyable_v<Item>);

enum class SystemClass : std::uint8_t {
  kNone,
  kBoolean,
  kInteger,
  kDecimal,
  kString,
  kDate,
  kDateTime,
  kTime,
  kQuantity,
};

SystemClass ClassOf(const Type& type) {
  constexpr std::array<std::pair<std::string_view, SystemClass>, 8> kRoots = {
      {{"boolean", SystemClass::kBoolean},
       {"integer", SystemClass::kInteger},
       {"decimal", SystemClass::kDecimal},
       {"date", SystemClass::kDate},
       {"dateTime", SystemClass::kDateTime},
       {"instant", SystemClass::kDateTime},
       {"time", SystemClass::kTime},
       {"Quantity", SystemClass::kQuantity}}};
  for (const Type* t = &type; t != nullptr; t = t->base()) {
    for (const auto& [name, system] : kRoots) {
      if (t->name() == name) return system;
    }
  }
  return type.is_primitive() ? SystemClass::kString : SystemClass::kNone;
}

// The class of every type of the model, by its place in it.
SystemClass CachedClassOf(const Type& type) {
  static const std::vector<SystemClass> classes = [] {
    std::vector<SystemClass> all;
    for (const Type& t : R4().types()) all.push_back(ClassOf(t));
    return all;
  }();
  return classes[static_cast<std::size_t>(&type - R4().types().data())];
}

Item NumberItem(json::Value value) {
  const auto integer = value.int_value();
  if (const auto item = integer ? IntegerItem(*integer) : std::nullopt) return *item;
  const auto decimal = Decimal::Parse(value.lexeme());
  return decimal ? Item(*decimal) : Item(ElementRef{value, {}, nullptr});
}

Item TemporalItem(TemporalKind kind, const Item& item) {
  const auto temporal = Temporal::Parse(kind, item.element().value.string());
  return temporal ? Item(*temporal) : Item(item.element().value.string());
}

Item QuantityItem(const Item& item) {
  const json::Value object = item.element().value;
  const auto value = Decimal::Parse(object["value"].lexeme());
  if (!value || object["comparator"]) return item;
  Quantity quantity{*value, object["code"].string(), false};
  if (object["system"].string() != "http://unitsofmeasure.org" || quantity.unit.empty()) {
    quantity.unit = object["unit"].string();
  }
  return Item(quantity);
}

// Where the model knows no type, the JSON type decides.
Item UntypedItem(const Item& item) {
  const json::Value value = item.element().value;
  if (value.is_string()) return Item(value.string());
  if (value.is_bool()) return Item(value.bool_value());
  return value.is_number() ? NumberItem(value) : item;
}

}  // namespace

std::optional<Item> IntegerItem(std::int64_t value) {
  if (value < INT32_MIN || value > INT32_MAX) return std::nullopt;
  return Item(value);
}

Item Item::Resource(json::Value resource) {
  return Item(ElementRef{resource, {}, R4().FindResource(resource["resourceType"].string())});
}

TypeName Item::type_name() const {
  constexpr std::array<std::string_view, 3> kTemporal = {"Date", "DateTime", "Time"};
  switch (kind()) {
    case ItemKind::kElement:
      return {"FHIR", fhir_type() == nullptr ? std::string_view() : fhir_type()->name()};
    case ItemKind::kBoolean:
      return {"System", "Boolean"};
    case ItemKind::kInteger:
      return {"System", "Integer"};
    case ItemKind::kDecimal:
      return {"System", "Decimal"};
    case ItemKind::kString:
      return {"System", "String"};
    case ItemKind::kTemporal:
      return {"System", kTemporal[static_cast<std::size_t>(As<Temporal>()->kind)]};
    case ItemKind::kQuantity:
      return {"System", "Quantity"};
    case ItemKind::kTypeName:
      break;
  }
  return {"System", "TypeInfo"};
}

Item ToSystem(const Item& item) {
  if (!item.is_element() || !item.element().value) return item;
  const json::Value value = item.element().value;
  if (item.fhir_type() == nullptr) return UntypedItem(item);
  switch (CachedClassOf(*item.fhir_type())) {
    case SystemClass::kNone:
      return item;
    case SystemClass::kBoolean:
      return value.is_bool() ? Item(value.bool_value()) : UntypedItem(item);
    case SystemClass::kInteger:
      return UntypedItem(item);
    case SystemClass::kDecimal: {
      const auto decimal = Decimal::Parse(value.lexeme());
      return decimal ? Item(*decimal) : UntypedItem(item);
    }
    case SystemClass::kString:
      return UntypedItem(item);
    case SystemClass::kDate:
      return TemporalItem(TemporalKind::kDate, item);
    case SystemClass::kDateTime:
      return TemporalItem(TemporalKind::kDateTime, item);
    case SystemClass::kTime:
      return TemporalItem(TemporalKind::kTime, item);
    case SystemClass::kQuantity:
      return value.is_object() ? QuantityItem(item) : item;
  }
  return item;
}

}  // namespace strata::fhirpath
