#include "plugins/data_fhir/subset/subset.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/json_writer.h"

namespace strata::fhir::subset {
namespace {

using model::Element;
using model::Type;

constexpr std::string_view kTagSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
constexpr std::string_view kTagCode = "SUBSETTED";
constexpr std::string_view kChoiceMark = "[x]";
// They change what the rest means, so they always come along.
constexpr std::string_view kModifiers = "modifierExtension";

// What each answer begins with.
bool IsHead(std::string_view member) {
  return member == "resourceType" || member == "id" || member == "meta";
}

// "_birthDate" holds what belongs to "birthDate" (FHIR R4 json.html#primitive).
std::string_view WithoutUnderscore(std::string_view member) {
  if (member.starts_with('_')) member.remove_prefix(1);
  return member;
}

const Element* ElementOf(const Type& type, std::string_view member) {
  const std::optional<model::JsonMember> found = type.FindJson(WithoutUnderscore(member));
  return found ? found->element : nullptr;
}

// ---- summaries --------------------------------------------------------------------------------

bool HasSummaryElements(const Type& type) {
  for (const Type* t = &type; t != nullptr; t = t->base()) {
    const auto own = t->own_elements();
    if (std::any_of(own.begin(), own.end(), [](const Element& e) { return e.summary; })) {
      // What backbone elements inherit does not make a summary of them.
      return t->name() != "BackboneElement";
    }
  }
  return false;
}

void WriteSummary(json::Value value, const Type& type, json::Writer* writer);

void WriteSummaryMembers(json::Value object, const Type& type, json::Writer* writer) {
  for (const json::Member& member : object.members()) {
    const std::string_view name = member.name;
    if (type.is_resource() && IsHead(name)) continue;
    const auto found = type.FindJson(WithoutUnderscore(name));
    if (!found) continue;
    const bool kept = found->element->summary || found->element->min > 0;
    if (!kept && name != kModifiers && name != "id") continue;
    writer->Key(name);
    WriteSummary(member.value, *found->type, writer);
  }
}

void WriteSummary(json::Value value, const Type& type, json::Writer* writer) {
  if (value.is_array()) {
    writer->BeginArray();
    for (const json::Value element : value.elements()) WriteSummary(element, type, writer);
    writer->EndArray();
    return;
  }
  if (!value.is_object() || type.is_primitive() || type.is_resource() ||
      !HasSummaryElements(type)) {
    writer->Raw(value.raw());
    return;
  }
  writer->BeginObject();
  WriteSummaryMembers(value, type, writer);
  writer->EndObject();
}

// ---- the mark ---------------------------------------------------------------------------------

bool IsMarked(json::Value tags) {
  for (const json::Value tag : tags.elements()) {
    if (tag["system"].string() == kTagSystem && tag["code"].string() == kTagCode) return true;
  }
  return false;
}

void WriteMeta(json::Value meta, json::Writer* writer) {
  writer->Key("meta").BeginObject();
  for (const json::Member& member : meta.members()) {
    if (member.name != "tag") writer->Key(member.name).Raw(member.value.raw());
  }
  const json::Value tags = meta["tag"];
  writer->Key("tag").BeginArray();
  for (const json::Value tag : tags.elements()) writer->Raw(tag.raw());
  if (!IsMarked(tags)) {
    writer->BeginObject().Field("system", kTagSystem).Field("code", kTagCode).EndObject();
  }
  writer->EndArray().EndObject();
}

// Which top-level members are kept.
template <typename Keep>
void WriteMembers(json::Value resource, const Keep& keep, json::Writer* writer) {
  for (const json::Member& member : resource.members()) {
    if (IsHead(member.name) || (member.name != kModifiers && !keep(member.name))) continue;
    writer->Key(member.name).Raw(member.value.raw());
  }
}

void WriteHead(json::Value resource, json::Writer* writer) {
  writer->Field("resourceType", resource["resourceType"].string());
  if (const json::Value id = resource["id"]) writer->Key("id").Raw(id.raw());
  WriteMeta(resource["meta"], writer);
}

Status Expected(std::string_view what) {
  return InvalidArgument("the value should be " + std::string(what));
}

Status OnlyOne() { return InvalidArgument("_summary and _elements exclude each other"); }

std::string ElementNames(const Type& type) {
  std::string names;
  for (const Element& element : type.own_elements()) {
    names.append(names.empty() ? "" : ", ").append(element.name);
  }
  return names;
}

}  // namespace

Status Subset::AddSummary(std::string_view value) {
  struct Named {
    std::string_view name;
    Summary summary;
  };
  constexpr std::array<Named, 5> kNames = {{{"false", Summary::kFalse},
                                            {"true", Summary::kTrue},
                                            {"text", Summary::kText},
                                            {"data", Summary::kData},
                                            {"count", Summary::kCount}}};
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const Named& named) { return named.name == value; });
  if (found == kNames.end()) return Expected("true, text, data, count or false");
  const bool cuts = found->summary != Summary::kFalse && found->summary != Summary::kCount;
  if (cuts && !elements_.empty()) return OnlyOne();
  summary_ = found->summary;
  return {};
}

Status Subset::AddElements(std::string_view value, std::string_view type) {
  if (summary_ != Summary::kFalse && summary_ != Summary::kCount) return OnlyOne();
  const std::size_t before = elements_.size();
  Status status;
  while (status.ok() && !value.empty()) {
    const std::string_view name = value.substr(0, value.find(','));
    value.remove_prefix(std::min(name.size() + 1, value.size()));
    status = AddElement(name, type);
  }
  if (!status.ok()) elements_.resize(before);
  return status;
}

Status Subset::AddElement(std::string_view name, std::string_view type) {
  Name wanted;
  if (const std::size_t point = name.find('.'); point != std::string_view::npos) {
    wanted.type = name.substr(0, point);
    name.remove_prefix(point + 1);
    type = wanted.type;
  }
  if (name.ends_with(kChoiceMark)) name.remove_suffix(kChoiceMark.size());
  wanted.element = name;
  const Type* known = model::R4().FindResource(type);
  if (known == nullptr && !wanted.type.empty()) return Expected("top-level elements");
  if (known != nullptr) {
    const Element* element = known->Find(name);
    if (element == nullptr) element = ElementOf(*known, name);
    if (element == nullptr) {
      return Expected("elements of " + std::string(type) + ": " + ElementNames(*known));
    }
    wanted.element = element->name;
  }
  elements_.push_back(std::move(wanted));
  return {};
}

std::string Subset::Cut(json::Value resource, Role role) const {
  const std::string_view type_name = resource["resourceType"].string();
  const Type* type = model::R4().FindResource(type_name);
  const auto concerns = [&](const Name& name) {
    return name.type.empty() ? role == Role::kMatch : name.type == type_name;
  };
  const bool by_elements = std::any_of(elements_.begin(), elements_.end(), concerns);
  if (type == nullptr || (summary_ == Summary::kFalse && !by_elements)) {
    return std::string(resource.raw());
  }
  const auto is_mandatory = [&](std::string_view member) {
    const Element* element = ElementOf(*type, member);
    return element != nullptr && element->min > 0;
  };
  const auto is_wanted = [&](std::string_view member) {
    const Element* element = ElementOf(*type, member);
    if (element == nullptr) return false;
    return element->min > 0 ||
           std::any_of(elements_.begin(), elements_.end(), [&](const Name& name) {
             return concerns(name) && name.element == element->name;
           });
  };
  std::string out;
  out.reserve(resource.raw().size() + 128);
  json::Writer writer(&out);
  writer.BeginObject();
  WriteHead(resource, &writer);
  if (by_elements) {
    WriteMembers(resource, is_wanted, &writer);
  } else if (summary_ == Summary::kText) {
    WriteMembers(
        resource, [&](std::string_view member) { return member == "text" || is_mandatory(member); },
        &writer);
  } else if (summary_ == Summary::kData) {
    WriteMembers(
        resource, [](std::string_view member) { return member != "text"; }, &writer);
  } else {
    WriteSummaryMembers(resource, *type, &writer);
  }
  writer.EndObject();
  return out;
}

}  // namespace strata::fhir::subset
