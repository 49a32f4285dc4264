#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace strata::bench {

struct Target {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/";
};

struct LoadResult {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;  // broken connections and statuses other than 200
  double seconds = 0;
  double p50_us = 0;
  double p99_us = 0;

  double PerSecond() const { return seconds > 0 ? static_cast<double>(requests) / seconds : 0; }
};

// Keep-alive GETs over `connections` connections, one request on the way on each, from one thread
// (the caller's). The answers need a Content-Length.
LoadResult RunLoad(const Target& target, int connections, std::chrono::milliseconds duration);
// The same with these paths in turn instead of the target's.
LoadResult RunLoad(const Target& target, const std::vector<std::string>& paths, int connections,
                   std::chrono::milliseconds duration);

// Connections that do not ask for anything, or send a request one byte at a time.
class Bystanders final {
 public:
  // `idle` connections that have made one request each, and `slow` ones that have made none.
  Bystanders(const Target& target, int idle, int slow);
  ~Bystanders();
  Bystanders(const Bystanders&) = delete;
  Bystanders& operator=(const Bystanders&) = delete;

  // The next byte on each slow connection.
  void SendByte();
  std::size_t connected() const { return idle_.size() + slow_.size(); }

 private:
  std::vector<int> idle_;
  std::vector<int> slow_;
  std::string request_;
  std::size_t next_ = 0;
};

// One GET; head and body as they came.
struct Fetched {
  std::string head;
  std::string body;
};
bool Fetch(const Target& target, Fetched* out);

}  // namespace strata::bench
