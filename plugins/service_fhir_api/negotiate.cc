#include "plugins/service_fhir_api/negotiate.h"

#include <algorithm>
#include <cstddef>

namespace strata::fhir_api {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool Same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

// Takes the next piece off the front of a list.
std::string_view Next(std::string_view* text, char separator) {
  const std::size_t end = text->find(separator);
  const std::string_view piece = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return Trim(piece);
}

std::string_view Unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

bool IsZeroWeight(std::string_view parameter) {
  if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) return false;
  return parameter.substr(2).find_first_of("123456789") == std::string_view::npos;
}

bool IsJsonType(std::string_view type) {
  return Same(type, "application/fhir+json") || Same(type, "application/json") ||
         Same(type, "text/json") || Same(type, "application/json+fhir") || Same(type, "json");
}

// Parameters that this server can honour: UTF-8 and FHIR 4.0.
bool ParametersFit(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = Next(&parameters, ';');
    if (IsZeroWeight(parameter)) return false;
    const std::string_view name = Next(&parameter, '=');
    const std::string_view value = Unquoted(Trim(parameter));
    if (Same(name, "charset") && !Same(value, "utf-8")) return false;
    if (Same(name, "fhirVersion") && value != "4.0" && value != "4.0.1") return false;
  }
  return true;
}

}  // namespace

Format AcceptedFormat(std::string_view accept) {
  if (Trim(accept).empty()) return Format::kJson;
  while (!accept.empty()) {
    std::string_view range = Next(&accept, ',');
    const std::string_view type = Next(&range, ';');
    const bool fits = IsJsonType(type) || type == "*/*" || Same(type, "application/*");
    if (fits && ParametersFit(range)) return Format::kJson;
  }
  return Format::kOther;
}

Format NamedFormat(std::string_view format) {
  // In a URL, the "+" of application/fhir+json often arrives as the space that it stands for.
  std::string text(format);
  std::replace(text.begin(), text.end(), ' ', '+');
  std::string_view rest = text;
  const std::string_view type = Next(&rest, ';');
  return IsJsonType(type) && ParametersFit(rest) ? Format::kJson : Format::kOther;
}

Body BodyKind(std::string_view content_type) {
  if (Trim(content_type).empty()) return Body::kNone;
  std::string_view rest = content_type;
  const std::string_view type = Next(&rest, ';');
  if (!ParametersFit(rest)) return Body::kOther;
  if (IsJsonType(type)) return Body::kJson;
  if (Same(type, "application/json-patch+json")) return Body::kJsonPatch;
  if (Same(type, "application/x-www-form-urlencoded")) return Body::kForm;
  return Body::kOther;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    std::string_view coding = Next(&accept_encoding, ',');
    const std::string_view name = Next(&coding, ';');
    if (Same(name, "gzip") || Same(name, "x-gzip")) return !IsZeroWeight(Trim(coding));
  }
  return false;
}

Preferences ParsePrefer(std::string_view prefer) {
  Preferences out;
  while (!prefer.empty()) {
    std::string_view preference = Next(&prefer, ',');
    preference = Next(&preference, ';');
    const std::string_view name = Next(&preference, '=');
    const std::string_view value = Unquoted(Trim(preference));
    if (Same(name, "return")) {
      if (Same(value, "minimal")) out.return_ = Return::kMinimal;
      if (Same(value, "representation")) out.return_ = Return::kRepresentation;
      if (Same(value, "OperationOutcome")) out.return_ = Return::kOutcome;
    } else if (Same(name, "handling")) {
      if (Same(value, "strict")) out.handling = HandlingPreference::kStrict;
      if (Same(value, "lenient")) out.handling = HandlingPreference::kLenient;
    }
  }
  return out;
}

std::optional<std::string> VersionOfEtag(std::string_view etag) {
  etag = Trim(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() < 3 || etag.front() != '"' || etag.back() != '"') return std::nullopt;
  etag = etag.substr(1, etag.size() - 2);
  const bool plain = std::all_of(etag.begin(), etag.end(), [](char c) {
    return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '-' || c == '.';
  });
  if (!plain || etag.size() > 64) return std::nullopt;
  return std::string(etag);
}

bool EtagListNames(std::string_view list, std::string_view version_id) {
  if (Trim(list) == "*") return true;
  while (!list.empty()) {
    if (VersionOfEtag(Next(&list, ',')) == version_id) return true;
  }
  return false;
}

}  // namespace strata::fhir_api
