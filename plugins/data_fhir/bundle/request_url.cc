#include "plugins/data_fhir/bundle/request_url.h"

#include <utility>
#include <vector>

#include "core/base/form.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

Status BadUrl(std::string text) {
  return store::Fault(Code::kInvalidArgument, "value", std::move(text), "request.url");
}

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

// "Patient/1/Observation" and "Patient/1/*" (FHIR R4 compartmentdefinition.html).
void MakeCompartment(std::string_view type, RequestUrl* url) {
  url->compartment_type = std::exchange(url->type, type == "*" ? "" : std::string(type));
  url->compartment_id = std::exchange(url->id, {});
}

Status TakeSegments(std::vector<std::string_view> segments, RequestUrl* url) {
  auto next = segments.begin();
  const auto end = segments.end();
  const auto is_special = [&] { return next->starts_with('_') || next->starts_with('$'); };
  if (next != end && !is_special()) url->type = *next++;
  if (next != end && !is_special()) url->id = *next++;
  if (next != end && !is_special()) MakeCompartment(*next++, url);
  if (next != end && *next == "_history" && url->compartment_type.empty()) {
    url->history = true;
    ++next;
    if (next != end && !url->id.empty()) {
      url->version_id = *next++;
      url->history = false;
    }
  } else if (next != end && *next == "_search") {
    url->search = true;
    ++next;
  } else if (next != end && next->starts_with('$') && url->compartment_type.empty()) {
    url->operation = next->substr(1);
    ++next;
  }
  if (next != end) return BadUrl("the URL names nothing that FHIR R4 http.html knows");
  return {};
}

}  // namespace

Status ParseQuery(std::string_view query, store::Parameters* parameters) {
  Result<web::Parameters> pairs = web::ParseForm(query);
  if (!pairs.ok()) return BadUrl("the query of the URL is not properly encoded");
  for (auto& [name, value] : *pairs) {
    auto* parameter = parameters->Add();
    parameter->set_name(std::move(name));
    parameter->set_value(std::move(value));
  }
  return {};
}

Result<RequestUrl> ParseRequestUrl(std::string_view url, std::string_view base_url) {
  if (!base_url.empty() && url.starts_with(base_url)) url.remove_prefix(base_url.size());
  if (url.starts_with('/')) url.remove_prefix(1);
  if (url.find("://") < url.find('?')) return BadUrl("the URL is not one of this server");
  RequestUrl parsed;
  const std::size_t question = url.find('?');
  const auto path = web::PercentDecode(url.substr(0, question));
  if (!path) return BadUrl("the URL is not properly encoded");
  parsed.metadata = *path == "metadata";
  if (!parsed.metadata) STRATA_RETURN_IF_ERROR(TakeSegments(Split(*path), &parsed));
  for (const std::string& type : {parsed.type, parsed.compartment_type}) {
    if (!type.empty() && layout::TypeNumberOf(type) == 0) {
      return store::Within(store::UnknownType(type), "request.url");
    }
  }
  if (question != std::string_view::npos) {
    STRATA_RETURN_IF_ERROR(ParseQuery(url.substr(question + 1), &parsed.parameters));
  }
  return parsed;
}

}  // namespace strata::fhir::bundle
