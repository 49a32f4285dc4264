#include "storage/service/engine_service.h"

#include <deque>
#include <utility>
#include <vector>

#include "storage/api/mutation_spool.h"
#include "storage/service/convert.h"
#include "storage/service/streamed_ingest.h"
#include "storage/service/watch_stream.h"

namespace strata::storage::service {
namespace {

namespace v1 = hosting::v1;

constexpr std::size_t kBackupMessageBytes = 256 * 1024;

Status NotOpen() { return Unavailable("the store is not open"); }

// Once the client has heard enough, the call ends well: there is nobody to tell.
Status Heard(bool written, bool* gone) {
  *gone = !written;
  return written ? OkStatus() : Cancelled("the client is gone");
}

// What a CommitStream has brought so far.
struct StreamedCommit {
  StreamedCommit(std::string folder, const Limits& limits) : spool(std::move(folder), limits) {}

  Status Add(v1::CommitRequest* part, const Limits& limits) {
    if (!part->request_id().empty()) request_id = std::move(*part->mutable_request_id());
    for (v1::Precondition& precondition : *part->mutable_preconditions()) {
      if (preconditions.size() >= limits.max_preconditions) {
        return InvalidArgument("the commit has too many preconditions");
      }
      preconditions.push_back(std::move(precondition));
    }
    for (const v1::Mutation& message : part->mutations()) {
      STRATA_ASSIGN_OR_RETURN(const Mutation mutation, FromProto(message));
      STRATA_RETURN_IF_ERROR(spool.Add(mutation));
    }
    return OkStatus();
  }

  // Borrows from this object.
  Result<CommitRequest> ToRequest() {
    CommitRequest request;
    request.request_id = request_id;
    if (!spool.empty()) request.more = &spool;
    for (const v1::Precondition& precondition : preconditions) {
      STRATA_ASSIGN_OR_RETURN(request.preconditions.emplace_back(), FromProto(precondition));
    }
    return request;
  }

  std::string request_id;
  std::deque<v1::Precondition> preconditions;
  MutationSpool spool;
};

Status CommitTo(Engine* engine, const CommitRequest& request, v1::CommitResponse* response) {
  Conflict conflict;
  const Result<CommitResult> result = engine->Commit(request, &conflict);
  if (!result.ok()) return WithConflict(result.status(), conflict);
  response->set_version(result->version);
  response->set_replayed(result->replayed);
  return OkStatus();
}

}  // namespace

void EngineService::SetEngine(std::unique_ptr<Engine> engine, std::string spool_folder) {
  engine_ = std::move(engine);
  spool_folder_ = std::move(spool_folder);
}

Status EngineService::CloseEngine() {
  if (engine_ == nullptr) return OkStatus();
  const Status closed = engine_->Close();
  engine_.reset();
  return closed;
}

Status EngineService::ReleaseEngine() {
  if (engine_ == nullptr) return OkStatus();
  const Status released = engine_->Release();
  engine_.reset();
  return released;
}

Status EngineService::Health() { return engine_ == nullptr ? NotOpen() : OkStatus(); }

Status EngineService::Describe(Context& /*context*/, const v1::DescribeRequest& /*request*/,
                               v1::DescribeResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  ToProto(engine_->Describe(), engine_->limits(), response);
  return OkStatus();
}

Status EngineService::Get(Context& /*context*/, const v1::GetRequest& request,
                          v1::GetResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  const std::vector<std::string_view> keys(request.keys().begin(), request.keys().end());
  response->mutable_entries()->Reserve(request.keys_size());
  std::uint64_t bytes = 0;
  const std::uint64_t most = engine_->limits().max_get_bytes;
  const auto add = [&](std::size_t, Version version, std::string_view value) {
    v1::Entry* entry = response->add_entries();
    entry->set_version(version);
    bytes += value.size();
    if (!value.empty() && bytes <= most) entry->set_value(value.data(), value.size());
  };
  STRATA_ASSIGN_OR_RETURN(const Version view,
                          engine_->Get(keys, {request.snapshot(), request.omit_values()}, add));
  if (bytes > most) {
    response->Clear();
    return ResourceExhausted("the values are larger than max_get_bytes together; ask for fewer");
  }
  response->set_view_version(view);
  return OkStatus();
}

Status EngineService::Scan(Context& context, const v1::ScanRequest& request,
                           Writer<v1::ScanResponse>& writer) {
  if (engine_ == nullptr) return NotOpen();
  ScanOptions options;
  options.range = {request.begin(), request.end()};
  options.reverse = request.reverse();
  options.keys_only = request.keys_only();
  options.limit = request.limit();
  options.snapshot = request.snapshot();
  bool gone = false;
  v1::ScanResponse response;
  const Status scanned = engine_->Scan(options, [&](ScanChunk& chunk) {
    STRATA_RETURN_IF_ERROR(CheckLive(context));
    response.set_rows(std::move(chunk.rows));
    response.set_row_count(chunk.row_count);
    response.set_view_version(chunk.view_version);
    return Heard(writer.Write(response), &gone);
  });
  return gone ? OkStatus() : scanned;
}

Status EngineService::OpenSnapshot(Context& /*context*/, const v1::OpenSnapshotRequest& request,
                                   v1::OpenSnapshotResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  STRATA_ASSIGN_OR_RETURN(Snapshot snapshot,
                          engine_->OpenSnapshot(std::chrono::microseconds(request.lease_us())));
  response->set_snapshot(std::move(snapshot.token));
  response->set_view_version(snapshot.view_version);
  response->set_lease_us(snapshot.lease.count());
  return OkStatus();
}

Status EngineService::CloseSnapshot(Context& /*context*/, const v1::CloseSnapshotRequest& request,
                                    v1::CloseSnapshotResponse* /*response*/) {
  return engine_ == nullptr ? NotOpen() : engine_->CloseSnapshot(request.snapshot());
}

Status EngineService::Commit(Context& /*context*/, const v1::CommitRequest& request,
                             v1::CommitResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  STRATA_ASSIGN_OR_RETURN(const CommitRequest commit, FromProto(request));
  return CommitTo(engine_.get(), commit, response);
}

Status EngineService::CommitStream(Context& context, Reader<v1::CommitStreamRequest>& reader,
                                   v1::CommitResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  StreamedCommit streamed(spool_folder_, engine_->limits());
  STRATA_RETURN_IF_ERROR(reader.ForEach([&](v1::CommitStreamRequest& message) {
    return streamed.Add(message.mutable_part(), engine_->limits());
  }));
  STRATA_RETURN_IF_ERROR(CheckLive(context));
  STRATA_ASSIGN_OR_RETURN(const CommitRequest commit, streamed.ToRequest());
  return CommitTo(engine_.get(), commit, response);
}

Status EngineService::Watch(Context& context, const v1::WatchRequest& request,
                            Writer<v1::WatchResponse>& writer) {
  if (engine_ == nullptr) return NotOpen();
  return WatchStream(engine_.get(), &context, &request, &writer).Run();
}

Status EngineService::Backup(Context& context, const v1::BackupRequest& /*request*/,
                             Writer<v1::BackupResponse>& writer) {
  if (engine_ == nullptr) return NotOpen();
  bool gone = false;
  v1::BackupResponse response;
  response.set_rows_total_estimate(engine_->Describe().key_count_estimate);
  std::int64_t rows_done = 0;
  const auto flush = [&] {
    response.set_rows_done(rows_done);
    const bool written = writer.Write(response);
    response.clear_data();
    return Heard(written, &gone);
  };
  const auto add = [&](std::string_view bytes) -> Status {
    STRATA_RETURN_IF_ERROR(CheckLive(context));
    response.mutable_data()->append(bytes);
    return response.data().size() < kBackupMessageBytes ? OkStatus() : flush();
  };
  Status status = engine_->Backup(add, &rows_done);
  if (status.ok()) status = flush();
  return gone ? OkStatus() : status;
}

Status EngineService::Restore(Context& context, Reader<v1::RestoreRequest>& reader,
                              v1::RestoreResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  v1::RestoreRequest message;
  const ByteSource source = [&]() -> Result<std::string_view> {
    for (;;) {
      STRATA_RETURN_IF_ERROR(CheckLive(context));
      STRATA_ASSIGN_OR_RETURN(const bool more, reader.Read(&message));
      if (!more) return std::string_view();
      if (!message.data().empty()) return std::string_view(message.data());
    }
  };
  STRATA_ASSIGN_OR_RETURN(const RestoreResult result, engine_->Restore(source));
  response->set_rows(result.rows);
  response->set_last_version(result.last_version);
  return OkStatus();
}

Status EngineService::Ingest(Context& context, Reader<v1::IngestRequest>& reader,
                             v1::IngestResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  StreamedIngest streamed(spool_folder_, engine_->limits());
  STRATA_RETURN_IF_ERROR(
      reader.ForEach([&](v1::IngestRequest& message) { return streamed.Add(message); }));
  STRATA_RETURN_IF_ERROR(CheckLive(context));
  STRATA_ASSIGN_OR_RETURN(const IngestRequest request, streamed.ToRequest());
  STRATA_ASSIGN_OR_RETURN(const Version last, engine_->Ingest(request));
  response->set_last_version(last);
  return OkStatus();
}

Status EngineService::Rewrite(Context& /*context*/, const v1::RewriteRequest& request,
                              v1::RewriteResponse* response) {
  if (engine_ == nullptr) return NotOpen();
  std::vector<Replacement> rows;
  rows.reserve(static_cast<std::size_t>(request.rows_size()));
  for (const v1::RowRewrite& row : request.rows()) {
    rows.push_back({row.key(), row.version(), std::nullopt, row.value()});
    if (row.has_expected()) rows.back().expected = row.expected();
  }
  const Status status = engine_->Rewrite(rows, [response](std::size_t index) {
    response->add_skipped(static_cast<std::uint32_t>(index));
  });
  return status;
}

}  // namespace strata::storage::service
