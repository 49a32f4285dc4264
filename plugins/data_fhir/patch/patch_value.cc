#include "plugins/data_fhir/patch/patch_value.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "plugins/data_fhir/patch/patch.h"

namespace strata::fhir::patch {
namespace {

using model::Element;
using model::Type;

constexpr std::string_view kValue = "value";

// value[x] of a part, taken apart.
struct Given {
  const Type* type = nullptr;  // nullptr: parts, or a type that R4 does not have
  std::string_view suffix;     // "CodeableConcept"
  json::Value value;
  json::Value sibling;
};

// "CodeableConcept" is a type of that name, "DateTime" is dateTime.
const Type* TypeOfSuffix(std::string_view suffix) {
  if (const Type* type = model::R4().Find(suffix)) return type;
  std::string name(suffix);
  if (!name.empty()) {
    name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  }
  return model::R4().Find(name);
}

Result<Given> ReadGiven(json::Value part) {
  Given given;
  for (const json::Member& member : part.members()) {
    std::string_view name = member.name;
    const bool sibling = name.starts_with('_');
    if (sibling) name.remove_prefix(1);
    if (!name.starts_with(kValue)) continue;
    name.remove_prefix(kValue.size());
    if (!given.suffix.empty() && given.suffix != name) return Malformed("a part has two values");
    given.suffix = name;
    (sibling ? given.sibling : given.value) = member.value;
  }
  if (given.suffix.empty()) return Malformed("value is missing");
  given.type = TypeOfSuffix(given.suffix);
  if (given.type == nullptr) return Malformed("value[x] is of a type that FHIR R4 does not have");
  return given;
}

enum class Lexical : std::uint8_t { kText, kNumber, kBoolean };

Lexical LexicalOf(const Type& primitive) {
  static const Type* const boolean = model::R4().Find("boolean");
  static const Type* const integer = model::R4().Find("integer");
  static const Type* const decimal = model::R4().Find("decimal");
  if (primitive.Is(*boolean)) return Lexical::kBoolean;
  return primitive.Is(*integer) || primitive.Is(*decimal) ? Lexical::kNumber : Lexical::kText;
}

bool HasLexical(json::Value value, Lexical lexical) {
  switch (lexical) {
    case Lexical::kText:
      return value.is_string();
    case Lexical::kNumber:
      return value.is_number();
    case Lexical::kBoolean:
      return value.is_bool();
  }
  return false;
}

// Whether a value of that type may stand where `wanted` is declared. Patches often write strings
// for codes, dates and uris: what is written the same way in JSON is taken.
bool Fits(const Type& given, const Type& wanted) {
  if (given.is_primitive() && wanted.is_primitive()) return LexicalOf(given) == LexicalOf(wanted);
  return given.Is(wanted) || wanted.Is(given);
}

Status WrongType() { return Inapplicable("the value is of a type that the element cannot have"); }

Result<NewElement> FromGiven(const Given& given, std::string_view name, const Element* element) {
  NewElement made;
  made.member = name;
  if (given.value) {
    const bool right = given.type->is_primitive() ? HasLexical(given.value, LexicalOf(*given.type))
                                                  : given.value.is_object();
    if (!right) return Malformed("value[x] is not written as its type wants it");
    made.text.value = Draft(given.value);
  }
  if (given.sibling.is_object()) made.text.sibling = Draft(given.sibling);
  if (element == nullptr) return made;
  if (element->choice) {
    const bool allowed = std::any_of(element->types.begin(), element->types.end(),
                                     [&](const auto& ref) { return ref.type == given.type; });
    if (!allowed) return WrongType();
    made.member = std::string(element->name).append(given.suffix);
    return made;
  }
  if (!Fits(*given.type, element->type())) return WrongType();
  made.member = element->name;
  return made;
}

Result<Draft> ReadParts(json::Value parts, const Type& type);

// Adds the element that one part describes to an object.
Status AddPart(json::Value part, const Type& type, Draft* object) {
  const std::string_view name = part["name"].string();
  const Element* const element = FindElement(type, name);
  if (element == nullptr) return Inapplicable("a part of the value names no element of its type");
  STRATA_ASSIGN_OR_RETURN(NewElement made, ReadValue(part, name, element));
  Property property(*object, made.member);
  if (element->repeats()) {
    property.Insert(property.size(), std::move(made.text));
  } else if (property.exists()) {
    return Malformed("two parts of the value name one element that does not repeat");
  } else {
    property.Set(made.member, std::move(made.text));
  }
  return {};
}

Result<Draft> ReadParts(json::Value parts, const Type& type) {
  Draft object = Draft::Object();
  for (const json::Value part : parts.elements()) {
    STRATA_RETURN_IF_ERROR(AddPart(part, type, &object));
  }
  return object;
}

}  // namespace

const Element* FindElement(const Type& type, std::string_view name) {
  if (name.ends_with("[x]")) name.remove_suffix(3);
  if (const Element* element = type.Find(name)) return element;
  const auto member = type.FindJson(name);
  return member ? member->element : nullptr;
}

Result<NewElement> ReadValue(json::Value part, std::string_view name, const Element* element) {
  const json::Value resource = part["resource"];
  const json::Value parts = part["part"];
  if (!resource && !parts) {
    STRATA_ASSIGN_OR_RETURN(const Given given, ReadGiven(part));
    return FromGiven(given, name, element);
  }
  NewElement made;
  made.member = element == nullptr ? name : element->name;
  if (resource) {
    const Type* const type = model::R4().FindResource(resource["resourceType"].string());
    if (type == nullptr) return Malformed("the value is no resource of FHIR R4");
    if (element != nullptr && (element->choice || !type->Is(element->type()))) return WrongType();
    made.text.value = Draft(resource);
    return made;
  }
  if (element == nullptr || element->choice || element->type().is_primitive() ||
      !parts.is_array() || parts.size() == 0) {
    return Inapplicable("a value in parts needs an element with elements of its own");
  }
  STRATA_ASSIGN_OR_RETURN(made.text.value, ReadParts(parts, element->type()));
  return made;
}

}  // namespace strata::fhir::patch
