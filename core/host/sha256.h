#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace strata::host {

// SHA-256 (FIPS 180-4) of what is added, in pieces. Single-threaded.
class Sha256 final {
 public:
  Sha256();
  ~Sha256();
  void Add(std::string_view bytes);
  // Lower-case hexadecimal; call once.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace strata::host
