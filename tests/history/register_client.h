#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/history/operation.h"
#include "tests/history/strata_process.h"

namespace strata::history {

// What a call of a client came to.
struct Answer {
  Operation::Outcome outcome = Operation::Outcome::kUnknown;
  std::uint64_t version = 0;
  std::uint64_t value = 0;
  // Not an answer that a correct system gives to this workload (an HTTP 500): the test fails.
  std::string fault;
};

// One client of registers, over its own connection. Single-threaded.
class RegisterClient {
 public:
  virtual ~RegisterClient() = default;
  virtual Answer Read(const std::string& key) = 0;
  // With `request_id`, repeated calls change nothing twice.
  virtual Answer Write(const std::string& key, std::uint64_t value,
                       std::optional<std::uint64_t> expected, const std::string& request_id) = 0;
  // Every version of the keys, as the system lists them.
  virtual Listing List(const std::vector<std::string>& keys) = 0;
};

// FHIR resources of type Basic over HTTP: update with If-Match, read, history.
std::unique_ptr<RegisterClient> MakeFhirClient(StrataProcess& process);
// Rows of hosting slot `slot` over gRPC: Commit with preconditions, Get, Watch.
std::unique_ptr<RegisterClient> MakeHostingClient(StrataProcess& process, std::string slot);

}  // namespace strata::history
