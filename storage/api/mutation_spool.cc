#include "storage/api/mutation_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "storage/api/validate.h"

namespace strata::storage {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

// Encoded: varint size of what follows, kind, stamp positions + 1 (0: none), version, key, value,
// range end.
void Encode(const Mutation& mutation, std::string* out) {
  std::string body(1, static_cast<char>(mutation.kind));
  AppendVarint(&body, mutation.stamp_key_at ? *mutation.stamp_key_at + std::uint64_t{1} : 0);
  AppendVarint(&body, mutation.stamp_value_at ? *mutation.stamp_value_at + std::uint64_t{1} : 0);
  AppendVarint(&body, mutation.version);
  AppendBytes(&body, mutation.key);
  AppendBytes(&body, mutation.value);
  AppendBytes(&body, mutation.range_end);
  AppendBytes(out, body);
}

bool TakeStamp(std::string_view* in, std::optional<std::uint32_t>* at) {
  std::uint64_t plus_one = 0;
  if (!TakeVarint(in, &plus_one)) return false;
  if (plus_one > 0) *at = static_cast<std::uint32_t>(plus_one - 1);
  return true;
}

bool Decode(std::string_view body, Mutation* mutation) {
  if (body.empty()) return false;
  mutation->kind = static_cast<MutationKind>(body[0]);
  body.remove_prefix(1);
  return TakeStamp(&body, &mutation->stamp_key_at) && TakeStamp(&body, &mutation->stamp_value_at) &&
         TakeVarint(&body, &mutation->version) && TakeBytes(&body, &mutation->key) &&
         TakeBytes(&body, &mutation->value) && TakeBytes(&body, &mutation->range_end);
}

Status DeviceError(const char* what, int error) {
  std::string message = std::string(what) + " the file of a large commit: " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return ResourceExhausted(std::move(message));
  }
  return Unavailable(std::move(message));
}

// Visits the whole mutations at the front of *bytes and leaves the rest.
Status VisitWhole(std::string_view* bytes, const std::function<Status(const Mutation&)>& visit) {
  for (;;) {
    std::string_view rest = *bytes;
    std::string_view body;
    if (!TakeBytes(&rest, &body)) return OkStatus();
    Mutation mutation;
    if (!Decode(body, &mutation)) return DataLoss("the file of a large commit is damaged");
    *bytes = rest;
    STRATA_RETURN_IF_ERROR(visit(mutation));
  }
}

}  // namespace

MutationSpool::MutationSpool(std::string folder, const Limits& limits, std::size_t memory_bytes)
    : folder_(std::move(folder)), limits_(limits), memory_bytes_(memory_bytes) {}

MutationSpool::~MutationSpool() {
  if (file_ >= 0) close(file_);
}

Status MutationSpool::Add(const Mutation& mutation) {
  STRATA_RETURN_IF_ERROR(ValidateMutation(mutation, limits_));
  size_bytes_ += MutationBytes(mutation);
  if (size_bytes_ > limits_.max_commit_bytes) {
    return InvalidArgument("the commit is larger than max_commit_bytes, which is " +
                           std::to_string(limits_.max_commit_bytes));
  }
  empty_ = false;
  Encode(mutation, &memory_);
  return memory_.size() < memory_bytes_ ? OkStatus() : Spill();
}

Status MutationSpool::Spill() {
  if (file_ < 0) file_ = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0) return DeviceError("cannot create", errno);
  for (std::string_view rest = memory_; !rest.empty();) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return DeviceError("cannot write", written < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  file_bytes_ += memory_.size();
  memory_.clear();
  return OkStatus();
}

Status MutationSpool::Visit(const std::function<Status(const Mutation&)>& visit) {
  std::vector<char> chunk(file_bytes_ > 0 ? kReadBytes : 0);
  std::string carried;  // the front of a mutation whose end is not read yet
  for (std::uint64_t at = 0; at < file_bytes_;) {
    const ssize_t got = pread(file_, chunk.data(), chunk.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return DeviceError("cannot read", got < 0 ? errno : EIO);
    at += static_cast<std::uint64_t>(got);
    carried.append(chunk.data(), static_cast<std::size_t>(got));
    std::string_view rest = carried;
    STRATA_RETURN_IF_ERROR(VisitWhole(&rest, visit));
    carried.erase(0, carried.size() - rest.size());
  }
  if (!carried.empty()) return DataLoss("the file of a large commit is cut off");
  std::string_view rest = memory_;
  return VisitWhole(&rest, visit);
}

}  // namespace strata::storage
