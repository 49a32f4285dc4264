#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace strata::bench {

// What the load saw in one phase.
struct LoadFigures {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// Clients that write and read their own records without a pause, half of them by HTTP and half by
// gRPC, each with a log of what it was told: a record's versions must count its acknowledged writes
// one by one, and a read must return the last of them.
class Load final {
 public:
  enum Phase : int { kWithout, kSwapping, kExcused, kPhases };

  Load(std::string http, std::string grpc, int clients);
  // Ends it.
  ~Load();

  // What is sent from now on counts there.
  void SetPhase(Phase phase) { phase_ = phase; }
  void Stop();

  // After Stop.
  LoadFigures Figures(Phase phase) const;
  std::uint64_t writes() const;
  // Acknowledged writes whose version was not the next one, that a read did not find, or that are
  // missing at the end.
  std::uint64_t lost_or_doubled() const;
  // What went wrong first, for a person.
  std::string first_fault() const;
  // Requests so far.
  std::uint64_t requests() const { return requests_; }

  class Client;

 private:
  void Run(Client& client);

  std::atomic<int> phase_{kWithout};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> requests_{0};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace strata::bench
