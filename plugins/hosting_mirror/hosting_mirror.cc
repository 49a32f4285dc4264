#include "plugins/hosting_mirror/hosting_mirror.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "core/base/settings.h"
#include "storage/api/validate.h"
#include "storage/service/convert.h"
#include "storage/service/stream_relay.h"

namespace strata::plugins::hosting_mirror {
namespace {

namespace v1 = hosting::v1;
using storage::replica::IngestAll;
using storage::service::RelayStream;

constexpr auto kDescribeTime = std::chrono::seconds(10);
constexpr auto kCompareTime = std::chrono::hours(24);

Result<MirrorOptions> ParseOptions(std::string_view config_json) {
  MirrorOptions options;
  const auto apply = [&](const json::Member& member) -> Status {
    const json::Value& value = member.value;
    if (member.name == "policy" && value.is_string() &&
        (value.string() == "required" || value.string() == "degrade")) {
      options.replicator.policy =
          value.string() == "required" ? Policy::kRequired : Policy::kDegrade;
    } else if (member.name == "compare_at_start" && value.is_bool()) {
      options.compare_at_start = value.bool_value();
    } else if (member.name == "overwrite_secondary" && value.is_bool()) {
      options.replicator.overwrite_secondary = value.bool_value();
    } else {
      return base::UnknownSetting(member, "the mirror");
    }
    return OkStatus();
  };
  STRATA_RETURN_IF_ERROR(base::ReadSettings(config_json, apply));
  return options;
}

// Answers of one store go on as they are.
template <typename Response>
auto Relay(Writer<Response>& writer) {
  return [&writer](Response& response) { return writer.Write(response); };
}

// What both stores take: a commit that only the primary takes would part them for good.
void KeepLeast(const v1::Limits& other, v1::Limits* limits) {
  limits->set_max_key_bytes(std::min(limits->max_key_bytes(), other.max_key_bytes()));
  limits->set_max_value_bytes(std::min(limits->max_value_bytes(), other.max_value_bytes()));
  limits->set_max_commit_bytes(std::min(limits->max_commit_bytes(), other.max_commit_bytes()));
}

// Of a store that has not been reached yet: what the contract promises.
v1::Limits LeastLimits() {
  v1::Limits limits;
  limits.set_max_key_bytes(1024);
  limits.set_max_value_bytes(std::uint64_t{1} << 20);
  limits.set_max_commit_bytes(std::uint64_t{256} << 20);
  return limits;
}

storage::Limits ToLimits(const v1::Limits& message) {
  storage::Limits limits;
  limits.max_key_bytes = message.max_key_bytes();
  limits.max_value_bytes = message.max_value_bytes();
  limits.max_commit_bytes = message.max_commit_bytes();
  limits.max_preconditions = message.max_preconditions();
  return limits;
}

Status CheckRow(std::string_view key, std::string_view value, const storage::Limits& limits) {
  STRATA_RETURN_IF_ERROR(storage::ValidateKey(key, limits));
  if (value.size() <= limits.max_value_bytes) return OkStatus();
  return InvalidArgument("a value is longer than max_value_bytes");
}

Status CheckIngest(const v1::IngestRequest& message, const storage::Limits& limits) {
  RowReader reader(message.rows());
  for (Row row; reader.Next(&row);) STRATA_RETURN_IF_ERROR(CheckRow(row.key, row.value, limits));
  for (const v1::CommitEvent& event : message.commits()) {
    for (const v1::Change& change : event.changes()) {
      if (change.kind() != v1::Change::KIND_PUT) continue;
      STRATA_RETURN_IF_ERROR(CheckRow(change.key(), change.value(), limits));
    }
  }
  return OkStatus();
}

}  // namespace

HostingMirror::HostingMirror(Host host, const MirrorOptions& options)
    : host_(host),
      options_(options),
      primary_(host, "primary"),
      secondary_(host, "secondary"),
      different_gauge_(host.Gauge("hosting_mirror_different_rows")),
      replicator_(host, &primary_, &secondary_, options.replicator) {}

Result<std::unique_ptr<HostingMirror>> HostingMirror::Create(Host host,
                                                             std::string_view config_json) {
  STRATA_ASSIGN_OR_RETURN(const MirrorOptions options, ParseOptions(config_json));
  return std::unique_ptr<HostingMirror>(new HostingMirror(host, options));
}

Status HostingMirror::Start() {
  STRATA_RETURN_IF_ERROR(replicator_.Start());
  const Context context = Context::Background(kDescribeTime);
  v1::DescribeResponse primary;
  STRATA_RETURN_IF_ERROR(primary_.Describe(context, {}, &primary));
  v1::DescribeResponse secondary;
  DescribeSecondary(context, &secondary);
  KeepLeast(secondary.limits(), primary.mutable_limits());
  limits_ = ToLimits(primary.limits());
  if (!options_.compare_at_start) return OkStatus();
  return host_.Submit([this] {
    const Status compared = Compare(Context::Background(kCompareTime, &comparing_)).status();
    if (!compared.ok()) {
      host_.Warning("hosting_mirror.not_compared", {{"why", compared.ToString()}});
    }
  });
}

Status HostingMirror::Drain(std::chrono::steady_clock::time_point /*deadline*/) {
  comparing_.Cancel();
  replicator_.Stop();
  return OkStatus();
}

void HostingMirror::Stop() { replicator_.Stop(); }

Status HostingMirror::Describe(Context& context, const v1::DescribeRequest& request,
                               v1::DescribeResponse* response) {
  STRATA_RETURN_IF_ERROR(primary_.Describe(context, request, response));
  v1::DescribeResponse other;
  DescribeSecondary(context, &other);
  response->set_engine("mirror(" + response->engine() + "," + other.engine() + ")");
  KeepLeast(other.limits(), response->mutable_limits());
  // What is answered is in both: as durable as the more durable of them, which is also the one that
  // keeps its identity.
  const bool second_keeps = other.durability() != v1::DURABILITY_UNSPECIFIED &&
                            other.durability() < response->durability();
  if (second_keeps && options_.replicator.policy == Policy::kRequired) {
    response->set_durability(other.durability());
    response->set_store_id(other.store_id());
  }
  return OkStatus();
}

// Its limits and identity are remembered, so that they do not change when it is lost.
void HostingMirror::DescribeSecondary(const Context& context, v1::DescribeResponse* response) {
  const bool there = secondary_.Describe(context, {}, response).ok();
  base::MutexLock lock(mutex_);
  if (there) {
    secondary_described_ = *response;
  } else {
    *response = secondary_described_;
    if (!response->has_limits()) *response->mutable_limits() = LeastLimits();
  }
}

Status HostingMirror::Get(Context& context, const v1::GetRequest& request,
                          v1::GetResponse* response) {
  return primary_.Get(context, request, response);
}

Status HostingMirror::Scan(Context& context, const v1::ScanRequest& request,
                           Writer<v1::ScanResponse>& writer) {
  return primary_.Scan(context, request, Relay(writer));
}

Status HostingMirror::OpenSnapshot(Context& context, const v1::OpenSnapshotRequest& request,
                                   v1::OpenSnapshotResponse* response) {
  return primary_.OpenSnapshot(context, request, response);
}

Status HostingMirror::CloseSnapshot(Context& context, const v1::CloseSnapshotRequest& request,
                                    v1::CloseSnapshotResponse* response) {
  return primary_.CloseSnapshot(context, request, response);
}

Status HostingMirror::Watch(Context& context, const v1::WatchRequest& request,
                            Writer<v1::WatchResponse>& writer) {
  return primary_.Watch(context, request, Relay(writer));
}

Status HostingMirror::Backup(Context& context, const v1::BackupRequest& request,
                             Writer<v1::BackupResponse>& writer) {
  return primary_.Backup(context, request, Relay(writer));
}

template <typename Write>
Status HostingMirror::CommitBoth(Context& context, v1::CommitResponse* response, Write&& write) {
  const CommitGate::Pass pass(&gate_);
  STRATA_RETURN_IF_ERROR(replicator_.AwaitAttached(context));
  STRATA_RETURN_IF_ERROR(write());
  return replicator_.AwaitVersion(context, response->version());
}

Status HostingMirror::Commit(Context& context, const v1::CommitRequest& request,
                             v1::CommitResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const storage::CommitRequest parsed,
                          storage::service::FromProto(request));
  STRATA_RETURN_IF_ERROR(storage::ValidateCommit(parsed, limits_));
  return CommitBoth(context, response, [&] { return primary_.Commit(context, request, response); });
}

Status HostingMirror::CommitStream(Context& context, Reader<v1::CommitStreamRequest>& reader,
                                   v1::CommitResponse* response) {
  std::uint64_t bytes = 0;
  const auto check = [&](v1::CommitStreamRequest* message) -> Status {
    for (const v1::Mutation& mutation : message->part().mutations()) {
      STRATA_ASSIGN_OR_RETURN(const storage::Mutation parsed,
                              storage::service::FromProto(mutation));
      STRATA_RETURN_IF_ERROR(storage::ValidateMutation(parsed, limits_));
      bytes += storage::MutationBytes(parsed);
    }
    if (bytes <= limits_.max_commit_bytes) return OkStatus();
    return InvalidArgument("the commit is larger than max_commit_bytes");
  };
  return CommitBoth(context, response, [&] {
    return RelayStream(reader, check, [&](auto source) {
      return primary_.CommitStream(context, source, response);
    });
  });
}

Status HostingMirror::Restore(Context& context, Reader<v1::RestoreRequest>& reader,
                              v1::RestoreResponse* response) {
  const CommitGate::Closed closed(&gate_);
  // The secondary finds the primary's feed begun anew, and is filled.
  return RelayStream(
      reader, [](v1::RestoreRequest*) { return OkStatus(); },
      [&](auto source) { return primary_.Restore(context, source, response); });
}

Status HostingMirror::Ingest(Context& context, Reader<v1::IngestRequest>& reader,
                             v1::IngestResponse* response) {
  std::vector<v1::IngestRequest> messages;
  bool fills = false;
  bool has_cursor = false;
  STRATA_RETURN_IF_ERROR(reader.ForEach([&](v1::IngestRequest& message) {
    const Status checked = CheckIngest(message, limits_);
    if (!checked.ok()) return checked;
    fills = fills || message.restart_feed();
    has_cursor = has_cursor || message.has_cursor();
    messages.push_back(std::move(message));
    return OkStatus();
  }));
  if (fills) return FillBoth(context, std::move(messages), response);
  const CommitGate::Pass pass(&gate_);
  STRATA_RETURN_IF_ERROR(replicator_.AwaitAttached(context));
  STRATA_RETURN_IF_ERROR(IngestAll(primary_, context, &messages, response));
  STRATA_RETURN_IF_ERROR(replicator_.AwaitVersion(context, response->last_version()));
  return has_cursor ? replicator_.Mark(context, storage::replica::Cursor::Phase::kFollowing)
                    : OkStatus();
}

Status HostingMirror::FillBoth(Context& context, std::vector<v1::IngestRequest> messages,
                               v1::IngestResponse* response) {
  const CommitGate::Closed closed(&gate_);
  std::vector<v1::IngestRequest> again = messages;
  for (v1::IngestRequest& message : again) message.clear_cursor();
  return replicator_.ChangeBoth(
      context, [&] { return IngestAll(primary_, context, &messages, response); },
      [&] { return IngestAll(secondary_, context, &again); });
}

Status HostingMirror::Rewrite(Context& context, const v1::RewriteRequest& request,
                              v1::RewriteResponse* response) {
  for (const v1::RowRewrite& row : request.rows()) {
    STRATA_RETURN_IF_ERROR(CheckRow(row.key(), row.value(), limits_));
  }
  const CommitGate::Closed closed(&gate_);
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(primary_.Describe(context, {}, &described));
  STRATA_RETURN_IF_ERROR(replicator_.AwaitAttached(context));
  STRATA_RETURN_IF_ERROR(replicator_.AwaitVersion(context, described.last_version()));
  const auto secondary = [&]() -> Status {
    v1::RewriteRequest same;
    int skipped = 0;
    for (int i = 0; i < request.rows_size(); ++i) {
      if (skipped < response->skipped_size() &&
          response->skipped(skipped) == static_cast<std::uint32_t>(i)) {
        ++skipped;
        continue;
      }
      v1::RowRewrite* row = same.add_rows();
      *row = request.rows(i);
      row->clear_expected();  // the primary has decided
    }
    v1::RewriteResponse ignored;
    return secondary_.Rewrite(context, same, &ignored);
  };
  return replicator_.ChangeBoth(
      context, [&] { return primary_.Rewrite(context, request, response); }, secondary);
}

Result<storage::replica::CompareResult> HostingMirror::Compare(const Context& context) {
  storage::replica::CompareOptions options;
  options.at_rest = [&](const std::function<Status()>& check) -> Status {
    const CommitGate::Closed closed(&gate_);
    v1::DescribeResponse described;
    STRATA_RETURN_IF_ERROR(primary_.Describe(context, {}, &described));
    STRATA_RETURN_IF_ERROR(replicator_.AwaitVersion(context, described.last_version()));
    return check();
  };
  STRATA_ASSIGN_OR_RETURN(const storage::replica::CompareResult result,
                          storage::replica::Compare({&primary_, &secondary_}, context, options));
  const std::uint64_t different = result.different + result.missing + result.surplus;
  different_gauge_.Record(static_cast<double>(different));
  if (!result.same()) {
    host_.Error("hosting_mirror.divergence", {{"different", result.different},
                                              {"missing", result.missing},
                                              {"surplus", result.surplus}});
  }
  base::MutexLock lock(mutex_);
  last_different_ = different;
  last_compared_us_ = host_.NowUs();
  return result;
}

Status HostingMirror::MirrorStatus(Context& context, const v1::MirrorStatusRequest& /*request*/,
                                   v1::MirrorStatusResponse* response) {
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(primary_.Describe(context, {}, &described));
  const Replicator::State state = replicator_.state();
  response->set_attached(state.attached);
  response->set_filling(state.filling);
  response->set_reason(state.reason);
  response->set_primary_version(described.last_version());
  response->set_secondary_version(state.version);
  response->set_detached_times(state.detached_times);
  base::MutexLock lock(mutex_);
  response->set_last_different(last_different_);
  response->set_last_compared_us(last_compared_us_);
  return OkStatus();
}

Status HostingMirror::CompareStores(Context& context, const v1::CompareStoresRequest& /*request*/,
                                    v1::CompareStoresResponse* response) {
  if (!replicator_.state().attached) {
    return FailedPrecondition("the secondary is not attached; wait until it is");
  }
  STRATA_ASSIGN_OR_RETURN(const storage::replica::CompareResult result, Compare(context));
  response->set_primary_rows(result.source.rows());
  response->set_secondary_rows(result.target.rows());
  response->set_different(result.different);
  response->set_missing(result.missing);
  response->set_surplus(result.surplus);
  response->set_primary_digest(result.source.ToString());
  response->set_secondary_digest(result.target.ToString());
  return OkStatus();
}

}  // namespace strata::plugins::hosting_mirror
