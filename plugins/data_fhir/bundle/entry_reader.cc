#include "plugins/data_fhir/bundle/entry_reader.h"

#include <charconv>
#include <string>
#include <utility>

#include "core/base/datetime.h"
#include "core/base/form.h"
#include "core/base/json_writer.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/history.h"

namespace strata::fhir::bundle {
namespace {

using data::v1::TransactionEntry;

constexpr std::uint32_t kOk = 200;
constexpr std::uint32_t kNotModified = 304;
// One message must hold the answer.
constexpr std::size_t kMaxBundleBytes = std::size_t{3} << 20;

Status TooLarge() {
  return store::Fault(
      Code::kResourceExhausted, "too-costly",
      "the answer is too large for a bundle entry: use _count or ask outside of a bundle",
      "request.url");
}

std::string SelfUrl(const Entry& entry, const store::Parameters& parameters,
                    std::string_view base_url) {
  std::string url(base_url);
  if (!entry.url.compartment_type.empty()) {
    url.append(entry.url.compartment_type).append("/").append(entry.url.compartment_id);
    url.append(entry.url.type.empty() ? "/*" : "/");
  }
  url.append(entry.url.type);
  if (!entry.url.id.empty()) url.append("/").append(entry.url.id);
  if (entry.url.history) url.append(url.ends_with('/') || url.empty() ? "_history" : "/_history");
  std::string query;
  for (const auto& parameter : parameters) {
    web::AppendParameter(parameter.name(), parameter.value(), &query);
  }
  if (!query.empty()) url.append("?").append(query);
  return url;
}

// A Bundle being written.
class BundleText {
 public:
  // `used`: the parameters of the self link.
  BundleText(std::string_view type, const Entry& entry, const store::Parameters& used,
             std::string_view base_url)
      : base_url_(base_url), writer_(&text_) {
    writer_.BeginObject().Field("resourceType", "Bundle").Field("type", type);
    writer_.Key("link").BeginArray().BeginObject();
    writer_.Field("relation", "self").Field("url", SelfUrl(entry, used, base_url));
    writer_.EndObject().EndArray();
  }

  void Total(std::uint64_t total) { writer_.Key("total").Int(static_cast<std::int64_t>(total)); }
  void BeginEntries() { writer_.Key("entry").BeginArray(); }
  json::Writer& BeginEntry(const data::v1::Resource& resource) {
    writer_.BeginObject();
    writer_.Field("fullUrl",
                  std::string(base_url_).append(resource.type()).append("/").append(resource.id()));
    if (!resource.json().empty()) writer_.Key("resource").Raw(resource.json());
    return writer_;
  }
  void EndEntry() { writer_.EndObject(); }
  std::string Finish() {
    writer_.EndArray().EndObject();
    return std::move(text_);
  }
  std::size_t bytes() const { return text_.size(); }

 private:
  std::string_view base_url_;
  std::string text_;
  json::Writer writer_;
};

std::string InstantOf(std::int64_t us) {
  std::string text;
  web::AppendInstant(us, &text);
  return text;
}

void WriteHistoryEntry(const data::v1::Resource& resource, BundleText* text) {
  json::Writer& writer = text->BeginEntry(resource);
  const std::string reference = resource.type() + "/" + resource.id();
  const bool created = resource.change() == data::v1::CHANGE_CREATED;
  const bool deleted = resource.change() == data::v1::CHANGE_DELETED;
  writer.Key("request").BeginObject();
  writer.Field("method", deleted ? "DELETE" : "PUT").Field("url", reference).EndObject();
  writer.Key("response").BeginObject();
  writer.Field("status", created ? "201" : deleted ? "204" : "200");
  writer.Field("etag", "W/\"" + resource.version_id() + "\"");
  writer.Field("lastModified", InstantOf(resource.last_updated_us())).EndObject();
  text->EndEntry();
}

Status ReadHistory(store::Store& store, const Context& cx, const Entry& entry,
                   std::string_view base_url, TransactionEntry* response) {
  data::v1::HistoryRequest request;
  request.set_type(entry.url.type);
  request.set_id(entry.url.id);
  for (const auto& parameter : entry.url.parameters) {
    const std::string& value = parameter.value();
    if (parameter.name() == "_count") {
      std::uint32_t count = 0;
      std::from_chars(value.data(), value.data() + value.size(), count);
      request.set_count(count);
    } else if (parameter.name() == "_since" && web::ParseDateTime(value)) {
      request.set_since_us(web::ParseDateTime(value)->begin_us);
    } else {
      return store::Fault(Code::kInvalidArgument, "not-supported",
                          "within a bundle, history takes _count and _since only", "request.url");
    }
  }
  BundleText text("history", entry, entry.url.parameters, base_url);
  text.BeginEntries();
  store::HistoryLinks links;
  STRATA_RETURN_IF_ERROR(store::History(
      store, cx, request,
      [&](store::Version& version) {
        data::v1::Resource resource;
        store::FillResource(version, &resource);
        WriteHistoryEntry(resource, &text);
        return text.bytes() < kMaxBundleBytes;
      },
      &links));
  if (text.bytes() >= kMaxBundleBytes) return TooLarge();
  response->set_bundle_json(text.Finish());
  response->set_status(kOk);
  return {};
}

// A page token needs an address of the service's making, which this layer does not know.
void WarnOfMore(data::v1::Outcome* outcome) {
  data::v1::Issue* issue = outcome->add_issues();
  issue->set_severity(data::v1::Issue::SEVERITY_WARNING);
  issue->set_code("incomplete");
  issue->set_diagnostics("there are more matches: search outside of a bundle to page through them");
}

Status RunSearch(const Context& cx, const Entry& entry, const Environment& environment,
                 TransactionEntry* response) {
  std::string_view base_url = environment.base_url;
  data::v1::SearchRequest request;
  request.set_type(entry.url.type);
  request.set_compartment_type(entry.url.compartment_type);
  request.set_compartment_id(entry.url.compartment_id);
  request.set_base_url(std::string(base_url.substr(0, base_url.find_last_not_of('/') + 1)));
  request.set_handling(environment.handling);
  *request.mutable_parameters() = entry.url.parameters;
  data::v1::SearchResponse found;
  STRATA_RETURN_IF_ERROR(environment.search(cx, request, &found));
  BundleText text("searchset", entry, found.used(), base_url);
  if (found.has_total()) text.Total(found.total());
  text.BeginEntries();
  for (const auto& each : found.entries()) {
    json::Writer& writer = text.BeginEntry(each.resource());
    const bool include = each.mode() == data::v1::SearchEntry::MODE_INCLUDE;
    writer.Key("search").BeginObject().Field("mode", include ? "include" : "match").EndObject();
    text.EndEntry();
  }
  if (text.bytes() >= kMaxBundleBytes) return TooLarge();
  response->set_bundle_json(text.Finish());
  response->set_status(kOk);
  *response->mutable_outcome() = std::move(*found.mutable_outcome());
  if (!found.next_page_token().empty()) WarnOfMore(response->mutable_outcome());
  return {};
}

Status ReadOne(const Context& cx, const Entry& entry, const Read& read_resource,
               TransactionEntry* response) {
  data::v1::ReadRequest request;
  request.set_type(entry.url.type);
  request.set_id(entry.url.id);
  request.set_version_id(entry.url.version_id);
  request.set_if_none_match_version_id(entry.if_none_match);
  request.set_if_modified_since_us(entry.if_modified_since_us);
  *request.mutable_parameters() = entry.url.parameters;
  data::v1::ReadResponse read;
  STRATA_RETURN_IF_ERROR(read_resource(cx, request, &read));
  *response->mutable_resource() = std::move(*read.mutable_resource());
  response->set_status(read.not_modified() ? kNotModified : kOk);
  return {};
}

Status RunOperation(const Context& cx, const Entry& entry, const Environment& environment,
                    TransactionEntry* response) {
  data::v1::OperateRequest request;
  request.set_operation("$" + entry.url.operation);
  request.set_type(entry.url.type);
  request.set_id(entry.url.id);
  *request.mutable_parameters() = entry.url.parameters;
  if (entry.body) request.set_body(std::string(entry.body.raw()));
  STRATA_ASSIGN_OR_RETURN(std::string answer, environment.operate(cx, request));
  response->set_bundle_json(std::move(answer));
  response->set_status(kOk);
  return {};
}

}  // namespace

Status ReadEntry(store::Store& store, const Context& cx, const Entry& entry,
                 const Environment& environment, TransactionEntry* response) {
  if (entry.url.metadata) {
    STRATA_ASSIGN_OR_RETURN(*response->mutable_bundle_json(), environment.capabilities(cx));
    response->set_status(kOk);
    return {};
  }
  if (!entry.url.operation.empty()) return RunOperation(cx, entry, environment, response);
  if (entry.url.history) return ReadHistory(store, cx, entry, environment.base_url, response);
  if (entry.url.id.empty() || entry.url.search) {
    return RunSearch(cx, entry, environment, response);
  }
  return ReadOne(cx, entry, environment.read, response);
}

}  // namespace strata::fhir::bundle
