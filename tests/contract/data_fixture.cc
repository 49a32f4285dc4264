#include "tests/contract/data_fixture.h"

#include <stdlib.h>

#include "core/base/json_edit.h"

extern "C" {
const strata_plugin* strata_plugin_hosting_memory(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_hosting_sqlite(std::uint32_t host_abi_minor);
const strata_plugin* strata_plugin_data_fhir(std::uint32_t host_abi_minor);
}

namespace strata::contract {

std::vector<Stack> Stacks() {
  return {{"fhir_over_memory", strata_plugin_hosting_memory, strata_plugin_data_fhir},
          {"fhir_over_sqlite", strata_plugin_hosting_sqlite, strata_plugin_data_fhir}};
}

data::Outcome OutcomeOf(const Status& status) {
  data::Outcome outcome;
  common::v1::ErrorStatus error;
  if (!error.ParseFromString(status.details())) return outcome;
  EXPECT_EQ(error.code(), static_cast<std::int32_t>(status.code()));
  for (const auto& detail : error.details()) {
    if (detail.type_url() == "type.googleapis.com/strata.data.v1.Outcome") {
      EXPECT_TRUE(outcome.ParseFromString(detail.value()));
    }
  }
  return outcome;
}

std::string IssueOf(const Status& status) {
  const data::Outcome outcome = OutcomeOf(status);
  return outcome.issues_size() == 0 ? "no outcome" : outcome.issues(0).code();
}

DataContract::DataContract() {
  std::string name = (std::filesystem::temp_directory_path() / "strata-data-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  host_ = std::make_unique<testing::FakeHost>();
  host_->SetStateDir(folder_.string());
  EXPECT_EQ(host_->Add("store", GetParam().hosting(0)).ToString(), OkStatus().ToString());
  EXPECT_EQ(host_->Add("records", GetParam().records(0), "{}", {{"store", "store"}}).ToString(),
            OkStatus().ToString());
  client_ = std::make_unique<data::DataClient>(host_->Client(), "records");
}

DataContract::~DataContract() {
  host_.reset();
  std::filesystem::remove_all(folder_);
}

Result<data::WriteResponse> DataContract::Create(std::string_view type, std::string_view json,
                                                 std::string_view request_id) {
  data::CreateRequest request;
  request.set_type(std::string(type));
  request.set_json(std::string(json));
  request.set_request_id(std::string(request_id));
  data::WriteResponse response;
  STRATA_RETURN_IF_ERROR(client().Create(cx(), request, &response));
  return response;
}

Result<data::WriteResponse> DataContract::Update(std::string_view type, std::string_view id,
                                                 std::string_view json, std::string_view if_match) {
  data::UpdateRequest request;
  request.set_type(std::string(type));
  request.set_id(std::string(id));
  request.set_json(std::string(json));
  request.set_if_match_version_id(std::string(if_match));
  data::WriteResponse response;
  STRATA_RETURN_IF_ERROR(client().Update(cx(), request, &response));
  return response;
}

Result<data::ReadResponse> DataContract::Read(std::string_view type, std::string_view id,
                                              std::string_view version) {
  data::ReadRequest request;
  request.set_type(std::string(type));
  request.set_id(std::string(id));
  request.set_version_id(std::string(version));
  data::ReadResponse response;
  STRATA_RETURN_IF_ERROR(client().Read(cx(), request, &response));
  return response;
}

Result<data::DeleteResponse> DataContract::Delete(std::string_view type, std::string_view id) {
  data::DeleteRequest request;
  request.set_type(std::string(type));
  request.set_id(std::string(id));
  data::DeleteResponse response;
  STRATA_RETURN_IF_ERROR(client().Delete(cx(), request, &response));
  return response;
}

Result<std::vector<data::Resource>> DataContract::History(data::HistoryRequest request,
                                                          std::string* token) {
  std::vector<data::Resource> all;
  std::string next;
  do {
    request.set_page_token(next);
    next.clear();
    STRATA_RETURN_IF_ERROR(client().History(cx(), request, [&](data::HistoryResponse& message) {
      for (auto& resource : *message.mutable_resources()) all.push_back(std::move(resource));
      next = message.next_page_token();
      return true;
    }));
    if (token != nullptr) {
      *token = next;
      break;
    }
  } while (!next.empty());
  return all;
}

Result<std::vector<data::TransactionEntry>> DataContract::Transaction(std::string_view bundle,
                                                                      std::string_view request_id) {
  constexpr std::size_t kPiece = 100'000;
  bool first = true;
  const auto source = [&](data::TransactionRequest* message) {
    message->Clear();
    if (bundle.empty()) return false;
    if (first) {
      message->set_request_id(std::string(request_id));
      message->set_base_url("http://example.org/fhir/");
    }
    first = false;
    message->set_bundle(std::string(bundle.substr(0, kPiece)));
    bundle.remove_prefix(std::min(kPiece, bundle.size()));
    return true;
  };
  std::vector<data::TransactionEntry> entries;
  STRATA_RETURN_IF_ERROR(
      client().Transaction(cx(), source, [&](data::TransactionResponse& message) {
        for (auto& entry : *message.mutable_entries()) entries.push_back(std::move(entry));
        return true;
      }));
  return entries;
}

Result<data::SearchResponse> DataContract::Search(
    std::string_view type, std::vector<std::pair<std::string, std::string>> parameters) {
  data::SearchRequest request;
  request.set_type(std::string(type));
  for (auto& [name, value] : parameters) {
    auto* parameter = request.add_parameters();
    parameter->set_name(std::move(name));
    parameter->set_value(std::move(value));
  }
  data::SearchResponse all;
  STRATA_RETURN_IF_ERROR(client().Search(cx(), request, [&](data::SearchResponse& message) {
    all.MergeFrom(message);
    return true;
  }));
  return all;
}

std::vector<data::ImportFault> DataContract::Import(const std::vector<std::string>& texts,
                                                    std::uint64_t* resources) {
  std::uint64_t next = 0;
  const auto source = [&](data::ImportRequest* message) {
    message->Clear();
    if (next == texts.size()) return false;
    auto* item = message->add_items();
    item->set_json(texts[next]);
    item->set_item(++next);
    return true;
  };
  std::vector<data::ImportFault> faults;
  std::uint64_t done = 0;
  const Status status = client().Import(cx(), source, [&](data::ImportResponse& message) {
    for (auto& fault : *message.mutable_faults()) faults.push_back(std::move(fault));
    done += message.resources_done();
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  if (resources != nullptr) *resources = done;
  return faults;
}

std::vector<data::Resource> DataContract::Export(bool all_versions) {
  data::ExportRequest request;
  request.set_all_versions(all_versions);
  std::vector<data::Resource> all;
  const Status status = client().Export(cx(), request, [&](data::ExportResponse& message) {
    for (auto& resource : *message.mutable_resources()) all.push_back(std::move(resource));
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return all;
}

std::string WithoutStamps(std::string_view json) {
  const auto strip = [](std::string_view text, bool with_meta) {
    const Result<json::Document> document = json::Document::Parse(text);
    EXPECT_TRUE(document.ok());
    json::Editor editor(document->root());
    editor.Remove("id");
    if (with_meta) {
      editor.In("meta").Remove("versionId").Remove("lastUpdated");
    } else {
      editor.Remove("meta");
    }
    return json::Minify(*editor.Apply());
  };
  const std::string stripped = strip(json, /*with_meta=*/true);
  return stripped.find("\"meta\":{}") == std::string::npos ? stripped
                                                           : strip(json, /*with_meta=*/false);
}

}  // namespace strata::contract
