#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace strata::bench {

// The baseline: Poco's HTTPServer giving one answer to everything.
class PocoServer final {
 public:
  PocoServer(std::vector<std::pair<std::string, std::string>> headers, std::string body);
  ~PocoServer();
  PocoServer(const PocoServer&) = delete;
  PocoServer& operator=(const PocoServer&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::bench
