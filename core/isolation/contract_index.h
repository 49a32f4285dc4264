#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace strata::isolation {

// What the contracts say of each method, read from a serialized google.protobuf.FileDescriptorSet.
// Immutable after construction: thread-safe.
class ContractIndex final {
 public:
  struct Method {
    std::int32_t kind = 0;    // STRATA_UNARY ...
    std::uint32_t flags = 0;  // STRATA_METHOD_IDEMPOTENT, STRATA_METHOD_READ_ONLY
    std::uint32_t request_id_field = 0;
  };

  // What is malformed is left out.
  explicit ContractIndex(std::string_view descriptor_set);

  // By "/package.Service/Method"; null: not known.
  const Method* Find(std::string_view full_method) const;
  // All of them, by name.
  const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }

 private:
  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace strata::isolation
