#include "core/isolation/remote_descriptor.h"

#include <utility>

#include "core/gateway/wire.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {

void RemoteDescriptor::Set(Text text, std::vector<Method> methods) {
  text_ = std::move(text);
  methods_ = std::move(methods);
  for (const Method& method : methods_) {
    c_methods_.push_back({abi::Str(method.full_name), method.kind, method.flags});
  }
  c_.struct_size = sizeof c_;
  c_.id = abi::Str(text_.id);
  c_.version = abi::Str(text_.version);
  c_.layer = abi::Str(text_.layer);
  c_.contracts_version = abi::Str(text_.contracts_version);
  c_.methods = c_methods_.data();
  c_.method_count = c_methods_.size();
  c_.file_descriptor_set = abi::Bytes(text_.file_descriptor_set);
  c_.config_schema = abi::Str(text_.config_schema);
  c_.build_info = abi::Str(text_.build_info);
}

bool RemoteDescriptor::Same(const Text& text, const std::vector<Method>& methods) const {
  if (text.id != text_.id || text.version != text_.version || methods.size() != methods_.size()) {
    return false;
  }
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i].full_name != methods_[i].full_name || methods[i].kind != methods_[i].kind) {
      return false;
    }
  }
  return true;
}

bool HasField(std::string_view message, std::uint32_t field) {
  gateway::WireReader reader(message);
  while (field != 0 && reader.Next()) {
    if (reader.field() == field && !reader.bytes().empty()) return true;
  }
  return false;
}

}  // namespace strata::isolation
