#pragma once

#include "core/base/status.h"
#include "storage/api/types.h"
#include "strata/hosting/v1/hosting.pb.h"

// Between the messages of the hosting contract and what engines take. Borrows all bytes from the
// messages.
namespace strata::storage::service {

// INVALID_ARGUMENT: nothing is set in the oneof, e.g. because the client is newer than we are.
Result<Precondition> FromProto(const hosting::v1::Precondition& message);
Result<Mutation> FromProto(const hosting::v1::Mutation& message);
Result<CommitRequest> FromProto(const hosting::v1::CommitRequest& message);

KeyRange FromProto(const hosting::v1::KeyRange& message);
void ToProto(const Description& description, const Limits& limits,
             hosting::v1::DescribeResponse* message);

// ABORTED gets the contract's detail, other codes stay as they are.
Status WithConflict(Status status, const Conflict& conflict);

}  // namespace strata::storage::service
