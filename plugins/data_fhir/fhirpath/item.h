#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "plugins/data_fhir/fhirpath/decimal.h"
#include "plugins/data_fhir/fhirpath/temporal.h"
#include "plugins/data_fhir/model/model.h"

namespace strata::fhirpath {

// A FHIR element: a JSON value with the type the model gives it. `value` is missing for a primitive
// that has extensions only, and for the answer to resolve() that is known by its type alone;
// `sibling` is the `_name` object of a primitive; `type` is nullptr where the model knows nothing.
struct ElementRef {
  json::Value value;
  json::Value sibling;
  const fhir::model::Type* type = nullptr;
};

// System.Quantity. The unit is a UCUM code, or a calendar unit ("day") as FHIRPath spells it.
struct Quantity {
  Decimal value;
  std::string_view unit;  // Empty: 1.
  bool calendar = false;
};

// What type() answers.
struct TypeName {
  std::string_view space;  // "System" or "FHIR"
  std::string_view name;
};

// The alternatives of Item in the order of its variant.
enum class ItemKind : std::uint8_t {
  kElement,
  kBoolean,
  kInteger,
  kDecimal,
  kString,
  kTemporal,
  kQuantity,
  kTypeName,
};

// One thing in a collection: a FHIR element or a computed System value. Trivially copyable: texts
// belong to the document, the expression or the evaluator that made the item, which must live on.
class Item {
 public:
  using Data = std::variant<ElementRef, bool, std::int64_t, Decimal, std::string_view, Temporal,
                            Quantity, TypeName>;

  Item() = default;
  template <typename T>
  explicit Item(T value) : data_(value) {}
  // A resource; its type is read from resourceType.
  static Item Resource(json::Value resource);

  ItemKind kind() const { return static_cast<ItemKind>(data_.index()); }
  bool is_element() const { return kind() == ItemKind::kElement; }

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&data_);
  }
  const ElementRef& element() const { return *std::get_if<ElementRef>(&data_); }
  // The FHIR type of an element; nullptr for System values and unknown elements.
  const fhir::model::Type* fhir_type() const { return is_element() ? element().type : nullptr; }
  // "FHIR"/"code", "System"/"String"; the name is empty where the model knows nothing.
  TypeName type_name() const;

 private:
  Data data_;
};

using Items = std::vector<Item>;

// System.Integer has 32 bits: nullopt for what does not fit.
std::optional<Item> IntegerItem(std::int64_t value);

// The System value of a primitive element or FHIR Quantity; the item itself when there is none.
Item ToSystem(const Item& item);

}  // namespace strata::fhirpath
