#include "core/trial/replayer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/sdk/strata/abi.h"
#include "core/trial/exceptions.h"
#include "core/trial/stack_call.h"

namespace strata::trial {

void Replayer::Take(const Copy& copy) {
  const bool repeatable =
      copy.requests.empty() || CanBeRepeated(copy.method, copy.requests.front());
  if (!repeatable || copy.writes == Copy::kUnclear || !Reach(copy.writes)) {
    report_.Skipped();
  } else {
    Repeat(copy);
  }
}

bool Replayer::Reach(std::uint64_t writes) {
  if (feed_ == nullptr) return writes_.Settled() == writes;
  if (reached_ > writes) return false;
  unclear_ = false;
  ReadLog();
  const Feed::Gate gate = [&](const std::string& change) { return MayBring(change, writes); };
  if (!feed_->Follow(gate).ok() || unclear_ || reached_ > writes) return false;
  std::erase_if(made_by_, [&](const auto& made) { return made.second.write <= writes; });
  return true;
}

bool Replayer::MayBring(const std::string& change, std::uint64_t writes) {
  const Maker* const maker = FindMaker(change);
  if (maker == nullptr) {
    // Younger than the copy, unless a write that names nothing made it.
    unclear_ = unnamed_ > reached_;
    return false;
  }
  if (maker->write > writes) {
    unclear_ = maker->at_the_latest;
    return false;
  }
  reached_ = std::max(reached_, maker->write);
  return true;
}

const Replayer::Maker* Replayer::FindMaker(const std::string& change) {
  auto made = made_by_.find(change);
  if (made != made_by_.end()) return &made->second;
  const std::uint64_t settled = writes_.Settled();
  ReadLog();  // All that had ended by then are in it.
  made = made_by_.find(change);
  if (made != made_by_.end()) return &made->second;
  if (settled == Copy::kUnclear) return nullptr;
  return &made_by_.emplace(change, Maker{settled, /*at_the_latest=*/true}).first->second;
}

void Replayer::ReadLog() {
  for (WriteLog::Write& write : writes_.Take()) {
    if (!write.complete) unnamed_ = write.number;
    for (std::string& change : write.changes)
      made_by_.emplace(std::move(change), Maker{write.number});
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
