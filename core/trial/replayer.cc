#include "core/trial/replayer.h"

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
  if (reached_ == writes) return true;
  if (reached_ && *reached_ > writes) return false;
  const std::uint64_t before = writes_.Settled();
  reached_.reset();
  if (!feed_->Follow().ok()) return false;
  // Nothing was written while it followed: it has exactly what had been written.
  if (before != Copy::kUnclear && before == writes_.Settled()) reached_ = before;
  return reached_ == writes;
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
