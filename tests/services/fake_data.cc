#include "tests/services/fake_data.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <utility>

#include "core/base/json.h"
#include "strata/common/v1/common.pb.h"

namespace strata::testing {
namespace {

namespace pb = data::v1;
using json::Value;

// The plugin: forwards to the FakeData whose address is its configuration.
class FakeDataPlugin final : public pb::DataService {
 public:
  FakeDataPlugin(Host /*host*/, std::string_view config) {
    std::uintptr_t address = 0;
    std::from_chars(config.data(), config.data() + config.size(), address);
    fake_ = reinterpret_cast<FakeData*>(address);
  }

  Status Describe(Context&, const pb::DescribeRequest&, pb::DescribeResponse* out) override {
    out->set_name("fake");
    out->set_version("1");
    out->set_fhir_version("4.0.1");
    out->set_capability_rest_json(R"({"mode":"server"})");
    return {};
  }
  Status Read(Context&, const pb::ReadRequest& in, pb::ReadResponse* out) override {
    return fake_->on_read ? fake_->on_read(in, out) : fake_->Read(in, out);
  }
  Status Search(Context&, const pb::SearchRequest& in, Writer<pb::SearchResponse>& out) override {
    return fake_->on_search ? fake_->on_search(in, out) : fake_->Search(in, out);
  }
  Status Explain(Context&, const pb::SearchRequest&, pb::ExplainResponse* out) override {
    out->set_text("read index: 7 rows\n");
    out->add_steps()->set_operation("read index");
    out->mutable_steps(0)->set_parameter("name");
    out->mutable_steps(0)->set_rows_read(7);
    return {};
  }
  Status History(Context&, const pb::HistoryRequest& in,
                 Writer<pb::HistoryResponse>& out) override {
    return fake_->on_history ? fake_->on_history(in, out) : Unimplemented("no history");
  }
  Status Create(Context&, const pb::CreateRequest& in, pb::WriteResponse* out) override {
    return fake_->on_create ? fake_->on_create(in, out) : Unimplemented("no create");
  }
  Status Update(Context&, const pb::UpdateRequest& in, pb::WriteResponse* out) override {
    return fake_->on_update ? fake_->on_update(in, out) : Unimplemented("no update");
  }
  Status Patch(Context&, const pb::PatchRequest& in, pb::WriteResponse* out) override {
    return fake_->on_patch ? fake_->on_patch(in, out) : Unimplemented("no patch");
  }
  Status Delete(Context&, const pb::DeleteRequest& in, pb::DeleteResponse* out) override {
    return fake_->on_delete ? fake_->on_delete(in, out) : Unimplemented("no delete");
  }
  Status Transaction(Context&, Reader<pb::TransactionRequest>& in,
                     Writer<pb::TransactionResponse>& out) override {
    return fake_->on_transaction ? fake_->on_transaction(in, out) : Unimplemented("no bundles");
  }
  Status Operate(Context&, Reader<pb::OperateRequest>& in,
                 Writer<pb::OperateResponse>& out) override {
    return fake_->on_operate ? fake_->on_operate(in, out) : Unimplemented("no operations");
  }

 private:
  FakeData* fake_ = nullptr;
};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "system|code" or "code" against a system and a code.
bool TokenFits(std::string_view wanted, std::string_view system, std::string_view code) {
  const std::size_t bar = wanted.find('|');
  if (bar == std::string_view::npos) return wanted == code;
  return wanted.substr(0, bar) == system && wanted.substr(bar + 1) == code;
}

bool NameFits(Value patient, const std::string& prefix) {
  for (const Value name : patient["name"].elements()) {
    if (Lower(name["family"].string()).starts_with(prefix)) return true;
    for (const Value given : name["given"].elements()) {
      if (Lower(given.string()).starts_with(prefix)) return true;
    }
  }
  return false;
}

bool Fits(Value resource, const std::string& name, const std::string& value) {
  if (name == "name") return NameFits(resource, Lower(value));
  if (name == "birthdate") return resource["birthDate"].string().starts_with(value);
  if (name == "patient") {
    return resource["subject"]["reference"].string() == value ||
           resource["patient"]["reference"].string() == value;
  }
  if (name == "identifier") {
    for (const Value one : resource["identifier"].elements()) {
      if (TokenFits(value, one["system"].string(), one["value"].string())) return true;
    }
    return false;
  }
  if (name == "code") {
    for (const Value one : resource["code"]["coding"].elements()) {
      if (TokenFits(value, one["system"].string(), one["code"].string())) return true;
    }
    return false;
  }
  return true;
}

}  // namespace

std::string FakeData::Config() const {
  return std::to_string(reinterpret_cast<std::uintptr_t>(this));
}

const strata_plugin* FakeData::Plugin() {
  return sdk::PluginTable<FakeDataPlugin, pb::DataService>::Get(
      {"test.data.fake", "1.0.0", "data"});
}

void FakeData::Add(std::string json_text) {
  auto document = json::Document::Parse(json_text);
  pb::Resource resource;
  resource.set_type(std::string((*document).root()["resourceType"].string()));
  resource.set_id(std::string((*document).root()["id"].string()));
  resource.set_version_id("1");
  resource.set_last_updated_us(1'600'000'000'000'000);
  resource.set_json(std::move(json_text));
  std::erase_if(resources_, [&](const pb::Resource& other) {
    return other.type() == resource.type() && other.id() == resource.id();
  });
  resources_.push_back(std::move(resource));
}

Status FakeData::Read(const pb::ReadRequest& request, pb::ReadResponse* response) const {
  for (const pb::Resource& resource : resources_) {
    if (resource.type() == request.type() && resource.id() == request.id()) {
      *response->mutable_resource() = resource;
      return {};
    }
  }
  return DataError(Code::kNotFound, "not-found", "no such resource");
}

Status FakeData::Search(const pb::SearchRequest& request,
                        Writer<pb::SearchResponse>& writer) const {
  std::size_t count = page_size;
  std::size_t skip = 0;
  std::from_chars(request.page_token().data(),
                  request.page_token().data() + request.page_token().size(), skip);
  std::vector<const pb::Resource*> found;
  for (const pb::Resource& resource : resources_) {
    if (resource.type() != request.type()) continue;
    auto document = json::Document::Parse(resource.json());
    bool fits = true;
    for (const pb::Parameter& parameter : request.parameters()) {
      if (parameter.name() == "_count") count = std::stoul(parameter.value());
      fits = fits && Fits((*document).root(), parameter.name(), parameter.value());
    }
    if (fits) found.push_back(&resource);
  }
  pb::SearchResponse response;
  for (std::size_t i = skip; i < std::min(found.size(), skip + count); ++i) {
    pb::SearchEntry* entry = response.add_entries();
    *entry->mutable_resource() = *found[i];
    entry->set_mode(pb::SearchEntry::MODE_MATCH);
  }
  if (skip + count < found.size()) response.set_next_page_token(std::to_string(skip + count));
  response.set_total(found.size());
  *response.mutable_used() = request.parameters();
  static_cast<void>(writer.Write(response));
  return {};
}

Status DataError(Code code, std::string_view issue_code, std::string message) {
  pb::Outcome outcome;
  pb::Issue* issue = outcome.add_issues();
  issue->set_severity(pb::Issue::SEVERITY_ERROR);
  issue->set_code(std::string(issue_code));
  issue->set_diagnostics(message);
  common::v1::ErrorStatus error;
  error.set_code(static_cast<std::int32_t>(code));
  common::v1::ErrorDetail* detail = error.add_details();
  detail->set_type_url("type.googleapis.com/strata.data.v1.Outcome");
  outcome.SerializeToString(detail->mutable_value());
  return Status(code, std::move(message)).WithDetails(error.SerializeAsString());
}

}  // namespace strata::testing
