#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "tests/history/register_client.h"

namespace strata::history {

// Clients that read and write a few registers at random, each on a thread of its own, and keep what
// they did. Half of the writes are conditional on the version that the client saw last; a write
// without an answer is repeated under its request id by three clients of four, and left unknown by
// the fourth. Used from one thread.
class Workload final {
 public:
  // `make` gives each client its connection.
  Workload(std::string name, std::vector<std::string> keys,
           std::function<std::unique_ptr<RegisterClient>()> make, std::uint32_t clients);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  void Start();
  // Waits until so many more operations were answered.
  void WaitForMore(std::uint64_t operations);
  // Ends the clients, each after its operation, and reads every register once more.
  History Finish();
  // Answers that a correct system does not give; at most a few.
  std::vector<std::string> Faults();

  const std::vector<std::string>& keys() const { return keys_; }
  std::uint64_t answered() const { return answered_; }

 private:
  class Client;
  void Count(const Answer& answer);

  const std::string name_;
  const std::vector<std::string> keys_;
  const std::function<std::unique_ptr<RegisterClient>()> make_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> next_value_{1};
  base::Mutex mutex_;
  base::CondVar progress_;
  std::vector<std::string> faults_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::history
