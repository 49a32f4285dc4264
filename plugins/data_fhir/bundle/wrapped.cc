#include "plugins/data_fhir/bundle/wrapped.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

using data::v1::PatchRequest;

Status Bad(std::string_view code, std::string text, std::string_view element) {
  return store::Fault(Code::kInvalidArgument, code, std::move(text), element);
}

// Six bits of a character (RFC 4648 section 4); -1 for any other.
constexpr std::array<std::int8_t, 256> kSixBits = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}();

// base64Binary, in which whitespace means nothing (FHIR R4 datatypes.html#base64Binary).
std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const int six = kSixBits[static_cast<unsigned char>(c)];
    if (c == '=') ++padding;
    if (c == '=' && padding <= 2) continue;
    if (six < 0 || padding > 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(six);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU));
  }
  if (count == 6) return std::nullopt;
  return out;
}

// "application/json-patch+json; charset=utf-8" -> "application/json-patch+json"
std::string_view MediaType(json::Value binary) {
  std::string_view type = binary["contentType"].string();
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

Result<std::string> DataOf(json::Value binary) {
  auto data = DecodeBase64(binary["data"].string());
  if (!binary["data"].is_string() || !data) {
    return Bad("value", "the data of the Binary is not base64", "resource.data");
  }
  return *std::move(data);
}

}  // namespace

Status ReadPatch(json::Value resource, Entry* entry) {
  if (!resource) return Bad("required", "a PATCH entry has a patch as its resource", "resource");
  const std::string_view type = resource["resourceType"].string();
  if (type == "Parameters") {
    entry->patch_format = PatchRequest::FORMAT_FHIRPATH_PATCH;
    entry->patch = resource.raw();
    return {};
  }
  if (type != "Binary") {
    return Bad("value", "a patch is a Parameters resource, or a Binary that holds it", "resource");
  }
  const std::string_view media = MediaType(resource);
  if (media == "application/json-patch+json") {
    entry->patch_format = PatchRequest::FORMAT_JSON_PATCH;
  } else if (media == "application/fhir+json" || media == "application/json") {
    entry->patch_format = PatchRequest::FORMAT_FHIRPATH_PATCH;
  } else {
    return Bad("value", "a Binary with a patch is application/json-patch+json or fhir+json",
               "resource.contentType");
  }
  STRATA_ASSIGN_OR_RETURN(entry->patch, DataOf(resource));
  return {};
}

Status ReadSearchForm(json::Value resource, store::Parameters* parameters) {
  if (!resource) return {};
  if (resource["resourceType"].string() != "Binary" ||
      MediaType(resource) != "application/x-www-form-urlencoded") {
    return Bad("value",
               "the parameters of a search by POST stand in its URL or in a Binary of "
               "application/x-www-form-urlencoded",
               "resource");
  }
  STRATA_ASSIGN_OR_RETURN(const std::string form, DataOf(resource));
  return ParseQuery(form, parameters);
}

}  // namespace strata::fhir::bundle
