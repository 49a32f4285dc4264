#include "storage/service/convert.h"

#include <utility>

namespace strata::storage::service {

namespace v1 = hosting::v1;

KeyRange FromProto(const v1::KeyRange& message) { return {message.begin(), message.end()}; }

Result<Precondition> FromProto(const v1::Precondition& message) {
  using Kind = Precondition::Kind;
  switch (message.condition_case()) {
    case v1::Precondition::kKeyAbsent:
      return Precondition{Kind::kKeyAbsent, message.key_absent(), {}, 0};
    case v1::Precondition::kKeyAtVersion:
      return Precondition{Kind::kKeyAtVersion,
                          message.key_at_version().key(),
                          {},
                          message.key_at_version().version()};
    case v1::Precondition::kRangeEmpty:
      return Precondition{Kind::kRangeEmpty, message.range_empty().begin(),
                          message.range_empty().end(), 0};
    case v1::Precondition::kKeyPresent:
      return Precondition{Kind::kKeyPresent, message.key_present(), {}, 0};
    case v1::Precondition::CONDITION_NOT_SET:
      break;
  }
  return InvalidArgument("a precondition says nothing that this store knows");
}

Result<Mutation> FromProto(const v1::Mutation& message) {
  Mutation mutation;
  switch (message.mutation_case()) {
    case v1::Mutation::kPut: {
      const v1::Put& put = message.put();
      mutation.key = put.key();
      mutation.value = put.value();
      if (put.has_stamp_key_at()) mutation.stamp_key_at = put.stamp_key_at();
      if (put.has_stamp_value_at()) mutation.stamp_value_at = put.stamp_value_at();
      return mutation;
    }
    case v1::Mutation::kDeleteKey:
      mutation.kind = MutationKind::kDelete;
      mutation.key = message.delete_key();
      return mutation;
    case v1::Mutation::kDeleteRange:
      mutation.kind = MutationKind::kDeleteRange;
      mutation.key = message.delete_range().begin();
      mutation.range_end = message.delete_range().end();
      return mutation;
    case v1::Mutation::MUTATION_NOT_SET:
      break;
  }
  return InvalidArgument("a mutation says nothing that this store knows");
}

Result<CommitRequest> FromProto(const v1::CommitRequest& message) {
  CommitRequest request;
  request.request_id = message.request_id();
  request.preconditions.reserve(static_cast<std::size_t>(message.preconditions_size()));
  for (const v1::Precondition& precondition : message.preconditions()) {
    STRATA_ASSIGN_OR_RETURN(request.preconditions.emplace_back(), FromProto(precondition));
  }
  request.mutations.reserve(static_cast<std::size_t>(message.mutations_size()));
  for (const v1::Mutation& mutation : message.mutations()) {
    STRATA_ASSIGN_OR_RETURN(request.mutations.emplace_back(), FromProto(mutation));
  }
  return request;
}

void ToProto(const Description& description, const Limits& limits, v1::DescribeResponse* message) {
  message->set_engine(description.engine);
  message->set_engine_version(description.engine_version);
  message->set_store_id(description.store_id);
  message->set_durability(static_cast<v1::Durability>(description.durability));
  message->set_last_version(description.last_version);
  message->set_oldest_watch_version(description.oldest_watch_version);
  message->set_key_count_estimate(description.key_count_estimate);
  message->set_size_bytes(description.size_bytes);
  message->set_stored_format(description.stored_format);
  message->set_ingest_cursor(description.ingest_cursor);
  v1::Limits* out = message->mutable_limits();
  out->set_max_key_bytes(limits.max_key_bytes);
  out->set_max_value_bytes(limits.max_value_bytes);
  out->set_max_commit_bytes(limits.max_commit_bytes);
  out->set_max_snapshot_lease_us(limits.max_snapshot_lease.count());
  out->set_max_open_snapshots(limits.max_open_snapshots);
  out->set_max_get_keys(static_cast<std::uint32_t>(limits.max_get_keys));
  out->set_max_get_bytes(limits.max_get_bytes);
  out->set_max_preconditions(static_cast<std::uint32_t>(limits.max_preconditions));
  for (const v1::Capability capability :
       {v1::CAPABILITY_SNAPSHOTS, v1::CAPABILITY_WATCH, v1::CAPABILITY_BACKUP,
        v1::CAPABILITY_RESTORE, v1::CAPABILITY_COMMIT_STREAM, v1::CAPABILITY_INGEST,
        v1::CAPABILITY_REWRITE}) {
    message->add_capabilities(capability);
  }
}

Status WithConflict(Status status, const Conflict& conflict) {
  if (status.code() != Code::kAborted) return status;
  v1::CommitConflict detail;
  detail.set_precondition(conflict.precondition);
  detail.set_actual_version(conflict.actual_version);
  return std::move(status).WithDetails(detail.SerializeAsString());
}

}  // namespace strata::storage::service
