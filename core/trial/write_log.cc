#include "core/trial/write_log.h"

#include <utility>

#include "core/sdk/strata/abi.h"
#include "strata/data/v1/data.pb.h"
#include "strata/hosting/v1/hosting.pb.h"

namespace strata::trial {
namespace {

template <typename Message>
Message Parsed(strata_bytes bytes) {
  Message message;
  message.ParseFromArray(bytes.data, static_cast<int>(bytes.size));
  return message;
}

// With these codes a call has changed nothing; with the others it may have.
bool SaysNothingChanged(strata_code code) {
  switch (code) {
    case STRATA_INVALID_ARGUMENT:
    case STRATA_NOT_FOUND:
    case STRATA_ALREADY_EXISTS:
    case STRATA_PERMISSION_DENIED:
    case STRATA_FAILED_PRECONDITION:
    case STRATA_ABORTED:
    case STRATA_OUT_OF_RANGE:
    case STRATA_UNIMPLEMENTED:
    case STRATA_UNAUTHENTICATED:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string ChangeOfResource(std::string_view type, std::string_view id, std::string_view version) {
  return std::string(type).append("/").append(id).append("/").append(version);
}

std::string ChangeOfCommit(std::uint64_t version) { return "c" + std::to_string(version); }

ChangeReader::Kind ChangeReader::KindOf(std::string_view full_method) {
  if (full_method == "/strata.hosting.v1.Hosting/Commit") return Kind::kCommit;
  if (full_method == "/strata.hosting.v1.Hosting/CommitStream") return Kind::kCommit;
  constexpr std::string_view kData = "/strata.data.v1.Data/";
  if (!full_method.starts_with(kData)) return Kind::kOther;
  const std::string_view name = full_method.substr(kData.size());
  if (name == "Create" || name == "Update" || name == "Patch") return Kind::kWrite;
  if (name == "Delete") return Kind::kDelete;
  return name == "Transaction" ? Kind::kTransaction : Kind::kOther;
}

ChangeReader::ChangeReader(std::string_view full_method, strata_bytes request)
    : kind_(KindOf(full_method)) {
  if (kind_ != Kind::kDelete) return;
  const auto parsed = Parsed<data::v1::DeleteRequest>(request);
  if (!parsed.conditional()) deleted_ = parsed.type() + "/" + parsed.id();
}

void ChangeReader::Response(strata_bytes message) {
  const auto add = [this](const data::v1::Resource& resource) {
    changes_.push_back(ChangeOfResource(resource.type(), resource.id(), resource.version_id()));
  };
  switch (kind_) {
    case Kind::kOther:
      unnamed_ = true;
      break;
    case Kind::kWrite: {
      const auto response = Parsed<data::v1::WriteResponse>(message);
      if (!response.unchanged()) add(response.resource());
      break;
    }
    case Kind::kDelete: {
      const auto response = Parsed<data::v1::DeleteResponse>(message);
      if (response.deleted() == 0) break;
      if (deleted_.empty() || response.version_id().empty()) unnamed_ = true;
      changes_.push_back(deleted_ + "/" + response.version_id());
      break;
    }
    case Kind::kTransaction: {
      // Deletions in it are not named.
      const auto transaction = Parsed<data::v1::TransactionResponse>(message);
      for (const auto& entry : transaction.entries()) {
        if (entry.method() == "DELETE") unnamed_ = true;
        if (entry.has_resource() && entry.method() != "GET" && entry.method() != "HEAD") {
          add(entry.resource());
        }
      }
      break;
    }
    case Kind::kCommit:
      changes_.push_back(ChangeOfCommit(Parsed<hosting::v1::CommitResponse>(message).version()));
      break;
  }
}

bool ChangeReader::Complete(strata_code code) const {
  if (code != STRATA_OK) return SaysNothingChanged(code);
  return kind_ != Kind::kOther && !unnamed_;
}

void WriteLog::End(std::vector<std::string> changes, bool complete) {
  const base::MutexLock lock(mutex_);
  if (writes_.size() >= kMost) {
    writes_.clear();
    changes.clear();
    complete = false;
  }
  const std::uint64_t number = ended_.load() + 1;
  if (!changes.empty() || !complete) writes_.push_back({number, std::move(changes), complete});
  ended_.store(number);
}

std::vector<WriteLog::Write> WriteLog::Take() {
  const base::MutexLock lock(mutex_);
  return std::exchange(writes_, {});
}

}  // namespace strata::trial
