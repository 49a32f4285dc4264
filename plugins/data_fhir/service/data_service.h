#pragma once

#include <strata/migrate.h>
#include <strata/plugin.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "plugins/data_fhir/bundle/processor.h"
#include "plugins/data_fhir/service/migrator.h"
#include "plugins/data_fhir/service/reindexer.h"
#include "plugins/data_fhir/service/sweeper.h"
#include "plugins/data_fhir/store/store.h"
#include "strata/data/v1/data.strata.h"

namespace strata::fhir::service {

// FHIR R4 records over the hosting contract: the data contract, RPC by RPC. Each RPC first asks
// store::Identify who calls; errors are those of proto/strata/data/v1/README.md. Thread-safe.
class DataService final : public data::v1::DataService {
 public:
  DataService(Host host, std::string_view config_json);

  // Reads or writes the format number: UNAVAILABLE and so on when the layer below does not answer,
  // FAILED_PRECONDITION when the store was written by a later release.
  Status Start();
  Status Health();
  // Control calls (strata/migrate.h).
  Result<FormatState> Format();
  Status WriteFormat(std::uint32_t format);
  Result<FormatState> Migrate(std::chrono::microseconds budget);
  const void* Extension(std::string_view id) { return MigrateExtension<DataService>(id); }
  static std::string_view ConfigSchema();

  Status Describe(Context& cx, const data::v1::DescribeRequest& request,
                  data::v1::DescribeResponse* response) override;
  Status Read(Context& cx, const data::v1::ReadRequest& request,
              data::v1::ReadResponse* response) override;
  Status History(Context& cx, const data::v1::HistoryRequest& request,
                 Writer<data::v1::HistoryResponse>& writer) override;
  Status Search(Context& cx, const data::v1::SearchRequest& request,
                Writer<data::v1::SearchResponse>& writer) override;
  Status Explain(Context& cx, const data::v1::SearchRequest& request,
                 data::v1::ExplainResponse* response) override;
  Status Create(Context& cx, const data::v1::CreateRequest& request,
                data::v1::WriteResponse* response) override;
  Status Update(Context& cx, const data::v1::UpdateRequest& request,
                data::v1::WriteResponse* response) override;
  Status Patch(Context& cx, const data::v1::PatchRequest& request,
               data::v1::WriteResponse* response) override;
  Status Delete(Context& cx, const data::v1::DeleteRequest& request,
                data::v1::DeleteResponse* response) override;
  Status Transaction(Context& cx, Reader<data::v1::TransactionRequest>& reader,
                     Writer<data::v1::TransactionResponse>& writer) override;
  Status Operate(Context& cx, Reader<data::v1::OperateRequest>& reader,
                 Writer<data::v1::OperateResponse>& writer) override;
  Status Import(Context& cx, Reader<data::v1::ImportRequest>& reader,
                Writer<data::v1::ImportResponse>& writer) override;
  Status Export(Context& cx, const data::v1::ExportRequest& request,
                Writer<data::v1::ExportResponse>& writer) override;
  Status Watch(Context& cx, const data::v1::WatchRequest& request,
               Writer<data::v1::WatchResponse>& writer) override;

 private:
  Status CheckFormat(const Context& cx);

  const Host host_;
  store::Store store_;
  const bundle::Search search_;
  const bundle::Operate operate_;
  const bundle::Read read_;
  Migrator migrator_;
  Reindexer reindexer_;  // last: the threads use the others
  Sweeper sweeper_;
};

}  // namespace strata::fhir::service
