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
      break;
    case Kind::kWrite: {
      const auto response = Parsed<data::v1::WriteResponse>(message);
      if (!response.unchanged()) add(response.resource());
      break;
    }
    case Kind::kDelete: {
      const auto response = Parsed<data::v1::DeleteResponse>(message);
      if (response.deleted() == 0 || deleted_.empty()) break;
      changes_.push_back(deleted_ + "/" + response.version_id());
      break;
    }
    case Kind::kTransaction: {
      // Deletions in it are not named.
      const auto transaction = Parsed<data::v1::TransactionResponse>(message);
      for (const auto& entry : transaction.entries()) {
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

void WriteLog::End(std::vector<std::string> changes) {
  {
    const base::MutexLock lock(mutex_);
    if (writes_.size() >= kMost) {  // Nobody will know who made those changes.
      writes_.clear();
      changes.clear();
    }
    const std::uint64_t number = ended_.load() + 1;
    if (!changes.empty()) writes_.push_back({number, std::move(changes)});
    ended_.store(number);
  }
  changed_.NotifyAll();
}

bool WriteLog::WaitForEnd(std::uint64_t ended, std::chrono::steady_clock::time_point until) {
  const base::MutexLock lock(mutex_);
  while (ended_.load() <= ended) {
    if (std::chrono::steady_clock::now() >= until) return false;
    changed_.WaitUntil(mutex_, until);
  }
  return true;
}

std::vector<WriteLog::Write> WriteLog::Take() {
  const base::MutexLock lock(mutex_);
  return std::exchange(writes_, {});
}

}  // namespace strata::trial
