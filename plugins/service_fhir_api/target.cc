#include "plugins/service_fhir_api/target.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "core/base/form.h"

namespace strata::fhir_api {
namespace {

constexpr std::size_t kMaxSegments = 4;

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsIdCharacter(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

bool IsType(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), IsLetter);
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), IsIdCharacter);
}

bool IsOperation(std::string_view text) {
  return text.size() > 1 && text.size() <= 128 && text[0] == '$' &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return IsIdCharacter(c) || c == '_'; });
}

using Segments = std::span<const std::string>;

Target Operation(Target target, const std::string& name) {
  target.kind = Kind::kOperation;
  target.operation = name;
  return target;
}

Target SystemTarget(const std::string& segment) {
  Target target;
  if (segment == "metadata") target.kind = Kind::kMetadata;
  if (segment == "_history") target.kind = Kind::kSystemHistory;
  if (segment == "_search") target.kind = Kind::kSystemSearch;
  if (IsOperation(segment)) return Operation(std::move(target), segment);
  if (IsType(segment)) {
    target.kind = Kind::kType;
    target.type = segment;
  }
  return target;
}

// What follows "Type/x".
Target TypeTarget(Segments segments) {
  Target target;
  target.type = segments[0];
  const std::string& second = segments[1];
  if (second == "_history") target.kind = Kind::kTypeHistory;
  if (second == "_search") target.kind = Kind::kTypeSearch;
  if (IsOperation(second)) return Operation(std::move(target), second);
  if (IsId(second)) {
    target.kind = Kind::kInstance;
    target.id = second;
  }
  return target;
}

Target CompartmentTarget(Segments segments, Kind kind) {
  Target target;
  target.kind = kind;
  target.compartment_type = segments[0];
  target.compartment_id = segments[1];
  if (segments[2] != "*") target.type = segments[2];
  return target;
}

// What follows "Type/id/x".
Target InstanceTarget(Segments segments) {
  const std::string& third = segments[2];
  if (third == "*" || IsType(third)) return CompartmentTarget(segments, Kind::kCompartment);
  Target target;
  target.type = segments[0];
  target.id = segments[1];
  if (third == "_history") target.kind = Kind::kInstanceHistory;
  if (IsOperation(third)) return Operation(std::move(target), third);
  return target;
}

// "Type/id/_history/vid" and "Type/id/Type/_search".
Target DeepTarget(Segments segments) {
  const std::string& third = segments[2];
  const std::string& fourth = segments[3];
  if (fourth == "_search" && (third == "*" || IsType(third))) {
    return CompartmentTarget(segments, Kind::kCompartmentSearch);
  }
  Target target;
  if (third == "_history" && IsId(fourth)) {
    target.kind = Kind::kVersion;
    target.type = segments[0];
    target.id = segments[1];
    target.version_id = fourth;
  }
  return target;
}

struct Methods {
  Kind kind;
  std::string_view allowed;
};
constexpr std::array<Methods, 14> kMethods = {{
    {Kind::kNone, ""},
    {Kind::kSystem, "GET, HEAD, POST"},
    {Kind::kMetadata, "GET, HEAD"},
    {Kind::kSystemHistory, "GET, HEAD"},
    {Kind::kSystemSearch, "POST"},
    {Kind::kType, "GET, HEAD, POST, PUT, PATCH, DELETE"},
    {Kind::kTypeSearch, "POST"},
    {Kind::kTypeHistory, "GET, HEAD"},
    {Kind::kInstance, "GET, HEAD, PUT, PATCH, DELETE"},
    {Kind::kInstanceHistory, "GET, HEAD"},
    {Kind::kVersion, "GET, HEAD"},
    {Kind::kCompartment, "GET, HEAD"},
    {Kind::kCompartmentSearch, "POST"},
    {Kind::kOperation, "GET, HEAD, POST"},
}};

}  // namespace

Target ParseTarget(std::string_view path) {
  std::array<std::string, kMaxSegments> segments;
  std::size_t count = 0;
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    auto segment = web::PercentDecode(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (!segment || segment->empty() || count == kMaxSegments) return {};
    segments[count++] = *std::move(segment);
  }
  const Segments all(segments.data(), count);
  if (count == 0) {
    Target target;
    target.kind = Kind::kSystem;
    return target;
  }
  if (count == 1) return SystemTarget(segments[0]);
  if (!IsType(segments[0])) return {};
  if (count == 2) return TypeTarget(all);
  if (!IsId(segments[1])) return {};
  return count == 3 ? InstanceTarget(all) : DeepTarget(all);
}

std::string_view AllowedMethods(Kind kind) {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [kind](const Methods& row) { return row.kind == kind; });
  return found == kMethods.end() ? std::string_view() : found->allowed;
}

bool IsAllowed(Kind kind, std::string_view method) {
  std::string_view allowed = AllowedMethods(kind);
  while (!allowed.empty()) {
    const std::size_t comma = allowed.find(", ");
    if (allowed.substr(0, comma) == method) return true;
    allowed.remove_prefix(comma == std::string_view::npos ? allowed.size() : comma + 2);
  }
  return false;
}

}  // namespace strata::fhir_api
