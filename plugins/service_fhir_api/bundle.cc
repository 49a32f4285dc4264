#include "plugins/service_fhir_api/bundle.h"

#include <array>
#include <utility>

#include "core/base/datetime.h"
#include "core/base/json_writer.h"
#include "plugins/service_fhir_api/outcome.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir_api {
namespace {

namespace pb = data::v1;

struct Reason {
  std::uint32_t status;
  std::string_view text;
};
constexpr std::array<Reason, 13> kReasons = {{{200, "200 OK"},
                                              {201, "201 Created"},
                                              {204, "204 No Content"},
                                              {304, "304 Not Modified"},
                                              {400, "400 Bad Request"},
                                              {403, "403 Forbidden"},
                                              {404, "404 Not Found"},
                                              {405, "405 Method Not Allowed"},
                                              {409, "409 Conflict"},
                                              {410, "410 Gone"},
                                              {412, "412 Precondition Failed"},
                                              {422, "422 Unprocessable Entity"},
                                              {500, "500 Internal Server Error"}}};

std::string StatusText(std::uint32_t status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return std::string(reason.text);
  }
  return std::to_string(status);
}

std::string Etag(std::string_view version) { return "W/\"" + std::string(version) + "\""; }

// Members that tell the version: etag and lastModified.
void VersionFields(const pb::Resource& resource, json::Writer* writer) {
  if (!resource.version_id().empty()) writer->Field("etag", Etag(resource.version_id()));
  if (resource.last_updated_us() != 0) {
    std::string instant;
    web::AppendInstant(resource.last_updated_us(), &instant);
    writer->Field("lastModified", instant);
  }
}

// What Prefer: return=OperationOutcome asks for, of an entry that changed something.
pb::Outcome DoneOutcome(std::uint32_t status) {
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_INFORMATION);
  issue->set_code("informational");
  issue->set_diagnostics(status == 201 ? "created" : status == 204 ? "deleted" : "stored");
  return outcome;
}

struct ChangeText {
  std::string_view method;
  std::string_view status;
};

ChangeText TextOf(pb::Change change) {
  switch (change) {
    case pb::CHANGE_CREATED:
      return {"POST", "201 Created"};
    case pb::CHANGE_DELETED:
      return {"DELETE", "204 No Content"};
    default:
      return {"PUT", "200 OK"};
  }
}

}  // namespace

void BundleWriter::Begin(std::string_view type) {
  begun_ = true;
  std::string text = "{\"resourceType\":\"Bundle\",\"type\":";
  json::AppendQuoted(type, &text);
  exchange_.responder.Write(text);
}

// `before` and `after` are members around the resource, each with the comma that it needs.
bool BundleWriter::Entry(const std::string& before, std::string_view resource,
                         const std::string& after) {
  Responder& out = exchange_.responder;
  out.Write(has_entry_ ? "," : ",\"entry\":[");
  has_entry_ = true;
  out.Write(before);
  if (!resource.empty()) {
    out.Write("\"resource\":");
    out.Write(resource);
  }
  return out.Write(after);
}

bool BundleWriter::SearchEntry(const pb::SearchEntry& entry) {
  const pb::Resource& resource = entry.resource();
  std::string before = "{";
  if (!resource.type().empty() && !resource.id().empty()) {
    before += "\"fullUrl\":";
    json::AppendQuoted(exchange_.Url(resource.type(), resource.id()), &before);
    before += ',';
  }
  const bool include = entry.mode() == pb::SearchEntry::MODE_INCLUDE;
  return Entry(
      before, resource.json(),
      include ? ",\"search\":{\"mode\":\"include\"}}" : ",\"search\":{\"mode\":\"match\"}}");
}

bool BundleWriter::OutcomeEntry(const pb::Outcome& outcome) {
  return Entry("{", OutcomeJson(outcome), ",\"search\":{\"mode\":\"outcome\"}}");
}

bool BundleWriter::HistoryEntry(const pb::Resource& resource) {
  const ChangeText change = TextOf(resource.change());
  std::string before = "{\"fullUrl\":";
  json::AppendQuoted(exchange_.Url(resource.type(), resource.id()), &before);
  before += ',';
  std::string after;
  json::Writer writer(&after);
  const bool created = resource.change() == pb::CHANGE_CREATED;
  writer.BeginObject().Key("request").BeginObject().Field("method", change.method);
  writer.Field("url", created ? resource.type() : resource.type() + "/" + resource.id());
  writer.EndObject().Key("response").BeginObject().Field("status", change.status);
  VersionFields(resource, &writer);
  writer.EndObject().EndObject();
  // The writer's own "{" gives way to the comma after the resource.
  after[0] = ',';
  if (resource.json().empty()) after.erase(0, 1);
  return Entry(before, resource.json(), after);
}

bool BundleWriter::TransactionEntry(const pb::TransactionEntry& entry, bool with_resource) {
  const pb::Resource& resource = entry.resource();
  const bool reads = entry.method() == "GET" || entry.method() == "HEAD";
  std::string_view body = entry.bundle_json();
  if (body.empty() && (reads || with_resource)) body = resource.json();
  std::string after;
  json::Writer writer(&after);
  writer.BeginObject().Key("response").BeginObject().Field("status", StatusText(entry.status()));
  if (!resource.version_id().empty() && !reads && entry.method() != "DELETE") {
    writer.Field("location",
                 resource.type() + "/" + resource.id() + "/_history/" + resource.version_id());
  }
  VersionFields(resource, &writer);
  if (entry.outcome().issues_size() > 0) {
    writer.Key("outcome").Raw(OutcomeJson(entry.outcome()));
  } else if (!reads && entry.bundle_json().empty() &&
             exchange_.prefer.return_ == Return::kOutcome) {
    writer.Key("outcome").Raw(OutcomeJson(DoneOutcome(entry.status())));
  }
  writer.EndObject().EndObject();
  after[0] = ',';
  std::string before = "{";
  if (!resource.id().empty() && entry.method() != "DELETE") {
    before += "\"fullUrl\":";
    json::AppendQuoted(exchange_.Url(resource.type(), resource.id()), &before);
    if (!body.empty()) before += ',';
  } else if (body.empty()) {
    after.erase(0, 1);
  }
  return Entry(before, body, after);
}

void BundleWriter::AddLink(std::string_view relation, std::string_view url) {
  links_ += links_.empty() ? ",\"link\":[{\"relation\":" : ",{\"relation\":";
  json::AppendQuoted(relation, &links_);
  links_ += ",\"url\":";
  json::AppendQuoted(url, &links_);
  links_ += '}';
}

void BundleWriter::Finish() {
  std::string text;
  if (has_entry_) text += ']';
  if (total_) text += ",\"total\":" + std::to_string(*total_);
  if (!links_.empty()) text += links_ + "]";
  text += '}';
  exchange_.responder.Write(text);
  exchange_.responder.Finish();
}

std::string LinkUrl(const Exchange& exchange, const web::Parameters& parameters,
                    std::string_view page_token) {
  const Target& target = exchange.target;
  std::string url = exchange.base;
  if (!target.compartment_type.empty()) {
    url += "/" + target.compartment_type + "/" + target.compartment_id + "/" +
           (target.type.empty() ? "*" : target.type);
  } else if (!target.type.empty()) {
    url += "/" + target.type;
  }
  if (!target.id.empty()) url += "/" + target.id;
  if (!target.operation.empty()) url += "/" + target.operation;
  const bool is_history = target.kind == Kind::kSystemHistory ||
                          target.kind == Kind::kTypeHistory ||
                          target.kind == Kind::kInstanceHistory;
  if (is_history) url += "/_history";
  std::string query;
  for (const auto& [name, value] : parameters) web::AppendParameter(name, value, &query);
  if (!page_token.empty()) web::AppendParameter(kPageParameter, page_token, &query);
  return query.empty() ? url : url + "?" + query;
}

}  // namespace strata::fhir_api
