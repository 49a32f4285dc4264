#include "plugins/service_record_viewer/record_source.h"

#include <strata/context.h>

#include <algorithm>
#include <utility>

#include "plugins/service_record_viewer/fhir_text.h"
#include "strata/data/v1/data.pb.h"
#include "strata/data/v1/data.strata.h"

namespace strata::record_viewer {
namespace {

namespace pb = data::v1;
using json::Document;
using json::Value;

constexpr std::size_t kMaxResolved = 100;
constexpr std::size_t kPageSize = 500;

Result<Document> Parse(std::string&& text) {
  auto document = Document::ParseOwned(std::move(text));
  if (!document.ok()) return Internal("the data layer answered a resource that is not JSON");
  return document;
}

pb::SearchRequest MakeRequest(std::string_view type, const web::Parameters& parameters) {
  pb::SearchRequest request;
  request.set_type(std::string(type));
  for (const auto& [name, value] : parameters) {
    pb::Parameter* parameter = request.add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  return request;
}

// "Type" and "id" of a relative reference, also "Type/id/_history/1".
bool SplitReference(std::string_view reference, std::string_view* type, std::string_view* id) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  *type = reference.substr(0, slash);
  *id = reference.substr(slash + 1);
  *id = id->substr(0, id->find('/'));
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return !id->empty() && std::all_of(type->begin(), type->end(), is_letter);
}

std::string ResourceName(Value resource) {
  const std::string_view type = resource["resourceType"].string();
  if (type == "Practitioner" || type == "RelatedPerson" || type == "Patient") {
    return PersonName(resource["name"].At(0));
  }
  if (type == "PractitionerRole") {
    std::string name(resource["practitioner"]["display"].string());
    return name.empty() ? std::string(resource["organization"]["display"].string()) : name;
  }
  if (resource["name"].is_string()) return std::string(resource["name"].string());
  return resource["code"].is_object() ? ConceptText(resource["code"]) : std::string();
}

}  // namespace

Result<Document> RecordSource::Read(std::string_view type, std::string_view id) {
  pb::ReadRequest request;
  request.set_type(std::string(type));
  request.set_id(std::string(id));
  pb::ReadResponse response;
  STRATA_RETURN_IF_ERROR(data_.Read(context_, request, &response));
  return Parse(std::move(*response.mutable_resource()->mutable_json()));
}

Result<ResourcePage> RecordSource::Search(const pb::SearchRequest& request) {
  ResourcePage page;
  Status parse_error;
  const Status status = data_.Search(context_, request, [&](pb::SearchResponse& part) {
    for (pb::SearchEntry& entry : *part.mutable_entries()) {
      if (entry.mode() == pb::SearchEntry::MODE_INCLUDE) continue;
      auto document = Parse(std::move(*entry.mutable_resource()->mutable_json()));
      if (!document.ok()) {
        parse_error = document.status();
        return false;
      }
      page.documents.push_back(*std::move(document));
    }
    page.next_page_token = part.next_page_token();
    if (part.has_total()) page.total = part.total();
    return true;
  });
  STRATA_RETURN_IF_ERROR(status);
  STRATA_RETURN_IF_ERROR(parse_error);
  return page;
}

Result<ResourceList> RecordSource::SearchAll(std::string_view type,
                                             const web::Parameters& parameters) {
  pb::SearchRequest request = MakeRequest(type, parameters);
  pb::Parameter* count = request.add_parameters();
  count->set_name("_count");
  count->set_value(std::to_string(std::min(kPageSize, max_entries_)));
  ResourceList list;
  while (true) {
    STRATA_ASSIGN_OR_RETURN(ResourcePage page, Search(request));
    for (Document& document : page.documents) list.documents.push_back(std::move(document));
    if (page.next_page_token.empty()) return list;
    if (list.documents.size() >= max_entries_) {
      list.truncated = true;
      return list;
    }
    if (context_.Cancelled()) return DeadlineExceeded("the record took too long to read");
    request.set_page_token(page.next_page_token);
  }
}

Result<ResourcePage> RecordSource::SearchPage(std::string_view type,
                                              const web::Parameters& parameters,
                                              std::string_view page_token) {
  pb::SearchRequest request = MakeRequest(type, parameters);
  request.set_page_token(std::string(page_token));
  return Search(request);
}

Value RecordSource::Resolve(Value reference, Value container) {
  const std::string_view text = reference["reference"].string();
  if (text.starts_with('#')) {
    for (const Value inner : container["contained"].elements()) {
      if (inner["id"].string() == text.substr(1)) return inner;
    }
    return {};
  }
  std::string_view type;
  std::string_view id;
  if (!SplitReference(text, &type, &id)) return {};
  auto found = resolved_.find(text);
  if (found == resolved_.end()) {
    if (resolved_.size() >= kMaxResolved) return {};
    found = resolved_.emplace(std::string(text), Read(type, id)).first;
  }
  return found->second.ok() ? found->second->root() : Value();
}

std::string RecordSource::NameOf(Value reference, Value container) {
  if (const auto display = reference["display"].string(); !display.empty()) {
    return std::string(display);
  }
  if (const Value resource = Resolve(reference, container)) {
    if (std::string name = ResourceName(resource); !name.empty()) return name;
  }
  if (const auto text = reference["reference"].string(); !text.empty()) return std::string(text);
  return std::string(reference["identifier"]["value"].string());
}

}  // namespace strata::record_viewer
