#include "plugins/data_fhir/model/model.h"

#include <algorithm>
#include <charconv>

#include "plugins/data_fhir/model/table.h"

extern "C" const char strata_fhir_elements[];
extern "C" const char strata_fhir_elements_end[];

namespace strata::fhir::model {
namespace {

constexpr std::string_view kChoiceMark = "[x]";

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// True when `suffix` is the type name as it stands in a member name: first letter upper case.
bool IsChoiceSuffix(std::string_view suffix, std::string_view type) {
  return suffix.size() == type.size() && IsUpper(suffix[0]) &&
         (suffix[0] | 0x20) == (type[0] | 0x20) && suffix.substr(1) == type.substr(1);
}

std::uint32_t Number(std::string_view text) {
  std::uint32_t value = Element::kUnbounded;  // "*"
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Kind KindOf(std::string_view text) {
  if (text.ends_with("primitive")) return Kind::kPrimitive;
  if (text.ends_with("resource")) return Kind::kResource;
  return text == "backbone" ? Kind::kBackbone : Kind::kComplex;
}

}  // namespace

const Element* Type::Find(std::string_view name) const {
  for (const Type* type = this; type != nullptr; type = type->base_) {
    for (const Element& element : type->elements_) {
      if (element.name == name) return &element;
    }
  }
  return nullptr;
}

std::optional<JsonMember> Type::FindJson(std::string_view member) const {
  for (const Type* type = this; type != nullptr; type = type->base_) {
    for (const Element& element : type->elements_) {
      if (!element.choice) {
        if (element.name == member) return JsonMember{&element, &element.type()};
        continue;
      }
      if (member.size() <= element.name.size() || !member.starts_with(element.name)) continue;
      const std::string_view suffix = member.substr(element.name.size());
      for (const TypeRef& ref : element.types) {
        if (IsChoiceSuffix(suffix, ref.type->name())) return JsonMember{&element, ref.type};
      }
    }
  }
  return std::nullopt;
}

Model::Model(std::string_view table) {
  ReadTypes(table);
  ReadElements(table);
  for (const Type& type : types_) {
    if (type.is_resource() && !type.is_abstract()) resources_.push_back(&type);
  }
  std::sort(resources_.begin(), resources_.end(),
            [](const Type* a, const Type* b) { return a->name() < b->name(); });
}

void Model::ReadTypes(std::string_view table) {
  std::size_t lines = 0;
  std::size_t refs = 0;
  ForEach(table, '\n', [&](std::string_view line) {
    if (line.front() != '@') {
      ++lines;
      refs += 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
      return;
    }
    Type& type = types_.emplace_back();
    type.name_ = Cut(line, '\t').substr(1);
    Cut(line, '\t');
    type.kind_ = KindOf(line);
    type.abstract_ = line.starts_with("abstract");
  });
  elements_.reserve(lines);  // Spans point into both: they must not grow later.
  type_refs_.reserve(refs);
  by_name_.reserve(types_.size());
  for (std::uint32_t i = 0; i < types_.size(); ++i) by_name_.emplace(types_[i].name_, i);
}

void Model::ReadElements(std::string_view table) {
  Type* type = nullptr;
  const Element* first = elements_.data();
  ForEach(table, '\n', [&](std::string_view line) {
    if (line.front() != '@') {
      elements_.push_back(ReadElement(line));
      type->elements_ = {first, elements_.data() + elements_.size()};
      return;
    }
    type = &types_[by_name_.at(Cut(line, '\t').substr(1))];
    type->base_ = Find(Cut(line, '\t'));
    first = elements_.data() + elements_.size();
  });
}

Element Model::ReadElement(std::string_view line) {
  Element element;
  element.name = Cut(line, '\t');
  element.choice = element.name.ends_with(kChoiceMark);
  if (element.choice) element.name.remove_suffix(kChoiceMark.size());
  const TypeRef* first = type_refs_.data() + type_refs_.size();
  ForEach(Cut(line, '\t'), '|', [&](std::string_view ref) {
    const Type* type = Find(Cut(ref, '('));
    if (!ref.empty()) ref.remove_suffix(1);
    type_refs_.push_back({type, ref});
  });
  element.types = {first, type_refs_.data() + type_refs_.size()};
  element.min = Number(Cut(line, '\t'));
  element.max = Number(Cut(line, '\t'));
  element.summary = line == "S";
  return element;
}

const Type* Model::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &types_[found->second];
}

const Type* Model::FindResource(std::string_view name) const {
  const Type* type = Find(name);
  return type != nullptr && type->is_resource() && !type->is_abstract() ? type : nullptr;
}

const Model& R4() {
  static const Model model({strata_fhir_elements, strata_fhir_elements_end});
  return model;
}

}  // namespace strata::fhir::model
