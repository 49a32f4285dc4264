#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"

namespace strata::isolation {

// The descriptor of a plugin that is not in this process, and what is known of its methods.
// Immutable once made: thread-safe.
class RemoteDescriptor final {
 public:
  struct Method {
    std::string full_name;
    std::int32_t kind = STRATA_UNARY;
    std::uint32_t flags = 0;
    std::uint32_t request_id_field = 0;  // Number of that field of the request; 0: it has none.
  };
  struct Text {
    std::string id;
    std::string version;
    std::string layer;
    std::string contracts_version;
    std::string file_descriptor_set;
    std::string config_schema;
    std::string build_info;
  };

  RemoteDescriptor() = default;
  RemoteDescriptor(const RemoteDescriptor&) = delete;
  RemoteDescriptor& operator=(const RemoteDescriptor&) = delete;

  // Once, before anybody else sees it.
  void Set(Text text, std::vector<Method> methods);
  // Whether it says the same: a restarted process must be the plugin that it was.
  bool Same(const Text& text, const std::vector<Method>& methods) const;

  const strata_descriptor* c_descriptor() const { return &c_; }
  const Method& method(std::uint64_t index) const { return methods_[index]; }
  std::size_t method_count() const { return methods_.size(); }
  const std::string& id() const { return text_.id; }

 private:
  Text text_;
  std::vector<Method> methods_;
  std::vector<strata_method> c_methods_;
  strata_descriptor c_{};
};

// Whether a serialized message carries a non-empty field of that number.
bool HasField(std::string_view message, std::uint32_t field);

}  // namespace strata::isolation
