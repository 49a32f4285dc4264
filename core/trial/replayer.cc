#include "core/trial/replayer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/sdk/strata/abi.h"
#include "core/trial/exceptions.h"
#include "core/trial/stack_call.h"

namespace strata::trial {

namespace {

// How long a copy may wait for writes in flight to say what they have changed.
constexpr std::chrono::milliseconds kPatience{100};

bool IsForGood(const Status& status) {
  return status.code() == Code::kDataLoss || status.code() == Code::kFailedPrecondition;
}

}  // namespace

Status Replayer::Take(const Copy& copy) {
  const bool repeatable =
      copy.requests.empty() || CanBeRepeated(copy.method, copy.requests.front());
  bool same_data = false;
  if (repeatable && copy.writes != Copy::kUnclear) {
    STRATA_ASSIGN_OR_RETURN(same_data, Reach(copy));
  }
  same_data ? Repeat(copy) : report_.Skipped();
  return OkStatus();
}

Result<bool> Replayer::Reach(const Copy& copy) {
  const std::uint64_t writes = copy.writes;
  if (feed_ == nullptr) return writes_.Settled() == writes;
  if (reached_ > writes || copy.begun < clear_since_) return false;
  ReadLog();
  const auto patience = Clock::now() + kPatience;
  const Feed::Gate gate = [&](const std::string& change) {
    return MayBring(change, writes, patience);
  };
  if (const Status followed = feed_->Follow(gate); !followed.ok()) {
    if (IsForGood(followed)) return followed;
    return false;
  }
  if (reached_ > writes || copy.begun < clear_since_) return false;
  std::erase_if(made_by_, [&](const auto& made) { return made.second <= writes; });
  return true;
}

bool Replayer::MayBring(const std::string& change, std::uint64_t writes,
                        Clock::time_point patience) {
  const std::optional<std::uint64_t> maker = MakerOf(change, patience);
  if (!maker) {
    clear_since_ = Clock::now();
    return true;
  }
  if (*maker > writes) return false;
  reached_ = std::max(reached_, *maker);
  return true;
}

std::optional<std::uint64_t> Replayer::MakerOf(const std::string& change,
                                               Clock::time_point patience) {
  while (true) {
    if (const auto made = made_by_.find(change); made != made_by_.end()) return made->second;
    // First: the log has all that had ended by then.
    const std::uint64_t ended = writes_.ended();
    const bool settled = writes_.Settled() != Copy::kUnclear;
    ReadLog();
    if (const auto made = made_by_.find(change); made != made_by_.end()) return made->second;
    if (settled || !writes_.WaitForEnd(ended, patience)) return std::nullopt;
  }
}

void Replayer::ReadLog() {
  for (WriteLog::Write& write : writes_.Take()) {
    for (std::string& change : write.changes) made_by_.emplace(std::move(change), write.number);
  }
}

void Replayer::Repeat(const Copy& copy) {
  std::vector<std::string> answers;
  StackCall call;
  call.slot = side_.slot();
  call.method = copy.method;
  call.requests = copy.requests;
  call.auth = copy.auth;
  call.metadata = &copy.metadata;
  call.on_response = [&](std::string_view message) {
    answers.emplace_back(message);
    return true;
  };
  const std::uint64_t refused = side_.refused();
  const auto begun = std::chrono::steady_clock::now();
  const Status status = CallStack(side_.stack(), call);
  const auto took = std::chrono::steady_clock::now() - begun;
  const bool moved = feed_ == nullptr && writes_.Settled() != copy.writes;
  if (moved || side_.refused() != refused) return report_.Skipped();

  std::set<std::string> paths;
  if (status.code() != abi::ToCode(copy.code)) {
    paths.insert("code");
  } else if (status.ok()) {
    paths = compare_.Compare(copy.method, copy.responses, answers);
    if (feed_ != nullptr) {
      std::erase_if(paths, [this](const std::string& path) { return feed_->Excuses(path); });
    }
  }
  report_.Compared(copy.method, paths, copy.code == STRATA_OK && !status.ok(), copy.duration_ns,
                   std::chrono::nanoseconds(took).count());
}

}  // namespace strata::trial
