#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

// The resource and data types of HL7 FHIR R4 4.0.1 (hl7.org/fhir/R4), read from the tables of this
// folder, which are part of the program. Everything is immutable once loaded and thread-safe; all
// pointers and texts live as long as the program.
namespace strata::fhir::model {

class Type;

enum class Kind : std::uint8_t {
  kPrimitive,  // string, code, date ...
  kComplex,    // HumanName, Quantity ...
  kResource,   // Patient ...
  kBackbone,   // An element with children of its own, named by its path: Patient.contact.
};

// One type an element may have, with the targets of a Reference or canonical ("Group,Patient").
struct TypeRef {
  const Type* type = nullptr;
  std::string_view targets;
};

// An element of a type. A choice (R4 formats.html#choice) is named without [x]: `value` of
// Observation, whose JSON members are valueQuantity, valueString ...
struct Element {
  static constexpr std::uint32_t kUnbounded = UINT32_MAX;

  std::string_view name;
  std::span<const TypeRef> types;
  std::uint32_t min = 0;
  std::uint32_t max = 1;
  bool choice = false;
  bool summary = false;  // ElementDefinition.isSummary (R4 search.html#summary)

  bool repeats() const { return max > 1; }
  // The only type of an element that is no choice.
  const Type& type() const { return *types.front().type; }
};

// What a JSON member holds.
struct JsonMember {
  const Element* element = nullptr;
  const Type* type = nullptr;
};

class Type {
 public:
  std::string_view name() const { return name_; }
  Kind kind() const { return kind_; }
  bool is_abstract() const { return abstract_; }
  bool is_primitive() const { return kind_ == Kind::kPrimitive; }
  bool is_resource() const { return kind_ == Kind::kResource; }
  const Type* base() const { return base_; }  // nullptr: Element and Resource.
  // True for this type and all it is derived from: code is string is Element.
  bool Is(const Type& other) const {
    for (const Type* t = this; t != nullptr; t = t->base_) {
      if (t == &other) return true;
    }
    return false;
  }

  // Elements this type adds to its base, in the order of the standard.
  std::span<const Element> own_elements() const { return elements_; }
  // The element of that name, inherited ones included; nullptr when there is none.
  const Element* Find(std::string_view name) const;
  // What a JSON member of that name holds: `valueQuantity` finds the choice `value` with Quantity.
  std::optional<JsonMember> FindJson(std::string_view member) const;

 private:
  friend class Model;
  std::string_view name_;
  Kind kind_ = Kind::kComplex;
  bool abstract_ = false;
  const Type* base_ = nullptr;
  std::span<const Element> elements_;
};

// All types. Get it by R4(); the first call reads the tables (about a millisecond).
class Model {
 public:
  explicit Model(std::string_view table);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // "Patient", "Quantity", "Observation.component"; nullptr when R4 has no such type.
  const Type* Find(std::string_view name) const;
  // Concrete resource types in alphabetical order.
  std::span<const Type* const> resource_types() const { return resources_; }
  // A concrete resource type; nullptr for anything else.
  const Type* FindResource(std::string_view name) const;
  std::span<const Type> types() const { return types_; }

 private:
  void ReadTypes(std::string_view table);
  void ReadElements(std::string_view table);
  Element ReadElement(std::string_view line);

  std::vector<Type> types_;
  std::vector<Element> elements_;
  std::vector<TypeRef> type_refs_;
  std::vector<const Type*> resources_;
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

const Model& R4();

}  // namespace strata::fhir::model
