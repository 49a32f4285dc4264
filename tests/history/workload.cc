#include "tests/history/workload.h"

#include <chrono>
#include <map>
#include <random>
#include <utility>

namespace strata::history {
namespace {

using Outcome = Operation::Outcome;

constexpr std::size_t kMostFaults = 5;

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

class Workload::Client {
 public:
  Client(Workload& load, std::uint32_t number)
      : load_(load), number_(number), connection_(load.make_()), random_(number) {}

  void Run() {
    while (!load_.stop_) {
      const std::string& key = load_.keys_[random_() % load_.keys_.size()];
      random_() % 2 == 0 ? Read(key) : Write(key);
    }
  }

  void Read(const std::string& key) {
    Operation op = Begin(key, Operation::Kind::kRead);
    const Answer answer = connection_->Read(key);
    if (answer.outcome == Outcome::kOk) seen_[key] = answer.version;
    op.value = answer.value;
    End(op, answer);
  }

  const History& history() const { return history_; }

 private:
  void Write(const std::string& key) {
    Operation op = Begin(key, Operation::Kind::kWrite);
    op.value = load_.next_value_++;
    if (random_() % 2 == 0) op.expected = seen_[key];
    const std::string id = load_.name_ + "-" + std::to_string(op.value);
    Answer answer = connection_->Write(key, op.value, op.expected, id);
    while (answer.outcome == Outcome::kUnknown && answer.fault.empty() && number_ % 4 != 3 &&
           !load_.stop_) {
      answer = connection_->Write(key, op.value, op.expected, id);
    }
    if (answer.outcome == Outcome::kOk) seen_[key] = answer.version;
    if (answer.outcome == Outcome::kConflict) seen_.erase(key);
    End(op, answer);
  }

  Operation Begin(const std::string& key, Operation::Kind kind) const {
    Operation op;
    op.key = key;
    op.kind = kind;
    op.client = number_;
    op.start_ns = NowNs();
    return op;
  }

  void End(Operation op, const Answer& answer) {
    op.end_ns = NowNs();
    op.outcome = answer.outcome;
    op.version = answer.version;
    history_.push_back(std::move(op));
    load_.Count(answer);
  }

  Workload& load_;
  const std::uint32_t number_;
  const std::unique_ptr<RegisterClient> connection_;
  std::minstd_rand random_;
  std::map<std::string, std::uint64_t> seen_;
  History history_;
};

Workload::Workload(std::string name, std::vector<std::string> keys,
                   std::function<std::unique_ptr<RegisterClient>()> make, std::uint32_t clients)
    : name_(std::move(name)), keys_(std::move(keys)), make_(std::move(make)) {
  for (std::uint32_t i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<Client>(*this, i));
  }
}

Workload::~Workload() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Workload::Start() {
  for (const auto& client : clients_) threads_.emplace_back([&client] { client->Run(); });
}

void Workload::Count(const Answer& answer) {
  {
    const base::MutexLock lock(mutex_);
    if (answer.outcome != Outcome::kUnknown) ++answered_;
    if (!answer.fault.empty() && faults_.size() < kMostFaults) faults_.push_back(answer.fault);
  }
  progress_.NotifyAll();
}

void Workload::WaitForMore(std::uint64_t operations) {
  const base::MutexLock lock(mutex_);
  const std::uint64_t goal = answered_ + operations;
  while (answered_ < goal) progress_.Wait(mutex_);
}

History Workload::Finish() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const std::string& key : keys_) clients_[0]->Read(key);
  History out;
  for (const auto& client : clients_) {
    out.insert(out.end(), client->history().begin(), client->history().end());
  }
  return out;
}

std::vector<std::string> Workload::Faults() {
  const base::MutexLock lock(mutex_);
  return faults_;
}

}  // namespace strata::history
