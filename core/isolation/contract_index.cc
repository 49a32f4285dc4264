#include "core/isolation/contract_index.h"

#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/gateway/wire.h"

// Field numbers of google/protobuf/descriptor.proto.
namespace strata::isolation {
namespace {

using gateway::WireReader;

constexpr std::uint64_t kNoSideEffects = 1;  // MethodOptions.IdempotencyLevel
constexpr std::uint64_t kIdempotent = 2;

struct Found {
  std::string full_name;
  std::string input;
  ContractIndex::Method method;
};

std::uint32_t FlagsOf(std::string_view options) {
  WireReader reader(options);
  std::uint64_t level = 0;
  while (reader.Next()) {
    if (reader.field() == 34) level = reader.number();
  }
  if (level == kNoSideEffects) return STRATA_METHOD_IDEMPOTENT | STRATA_METHOD_READ_ONLY;
  return level == kIdempotent ? STRATA_METHOD_IDEMPOTENT : 0;
}

Found ReadMethod(std::string_view bytes, std::string_view service) {
  WireReader reader(bytes);
  Found out;
  bool client_streams = false;
  bool server_streams = false;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        out.full_name = "/" + std::string(service) + "/" + std::string(reader.bytes());
        break;
      case 2:
        out.input = reader.bytes().substr(reader.bytes().starts_with(".") ? 1 : 0);
        break;
      case 4:
        out.method.flags = FlagsOf(reader.bytes());
        break;
      case 5:
        client_streams = reader.number() != 0;
        break;
      case 6:
        server_streams = reader.number() != 0;
        break;
      default:
        break;
    }
  }
  // Like the SDK's generator: such a stream does not end by itself.
  const bool watch = out.full_name.find("/Watch") != std::string::npos;
  if (watch && server_streams && !client_streams) out.method.flags |= STRATA_METHOD_ENDLESS;
  out.method.kind = client_streams ? (server_streams ? STRATA_BIDI : STRATA_CLIENT_STREAM)
                                   : (server_streams ? STRATA_SERVER_STREAM : STRATA_UNARY);
  return out;
}

// Number of the field "request_id" of a DescriptorProto; its name goes to *name.
std::uint32_t ReadMessage(std::string_view bytes, std::string* name) {
  WireReader reader(bytes);
  std::uint32_t found = 0;
  while (reader.Next()) {
    if (reader.field() == 1) *name = reader.bytes();
    if (reader.field() != 2) continue;
    WireReader field(reader.bytes());
    std::string_view field_name;
    std::uint64_t number = 0;
    while (field.Next()) {
      if (field.field() == 1) field_name = field.bytes();
      if (field.field() == 3) number = field.number();
    }
    if (field_name == "request_id") found = static_cast<std::uint32_t>(number);
  }
  return found;
}

struct File {
  std::string package;
  std::vector<std::string_view> messages;
  std::vector<std::string_view> services;
};

File ReadFile(std::string_view bytes) {
  WireReader reader(bytes);
  File out;
  while (reader.Next()) {
    if (reader.field() == 2) out.package = reader.bytes();
    if (reader.field() == 4) out.messages.push_back(reader.bytes());
    if (reader.field() == 6) out.services.push_back(reader.bytes());
  }
  if (!out.package.empty()) out.package.push_back('.');
  return out;
}

void ReadService(std::string_view bytes, const std::string& package, std::vector<Found>* out) {
  WireReader reader(bytes);
  std::string name;
  std::vector<std::string_view> methods;
  while (reader.Next()) {
    if (reader.field() == 1) name = package + std::string(reader.bytes());
    if (reader.field() == 2) methods.push_back(reader.bytes());
  }
  for (const std::string_view method : methods) out->push_back(ReadMethod(method, name));
}

}  // namespace

ContractIndex::ContractIndex(std::string_view descriptor_set) {
  std::map<std::string, std::uint32_t> request_ids;  // By name of the message.
  std::vector<Found> found;
  WireReader reader(descriptor_set);
  while (reader.Next()) {
    if (reader.field() != 1) continue;
    const File file = ReadFile(reader.bytes());
    for (const std::string_view message : file.messages) {
      std::string name;
      const std::uint32_t number = ReadMessage(message, &name);
      if (number != 0) request_ids[file.package + name] = number;
    }
    for (const std::string_view service : file.services) {
      ReadService(service, file.package, &found);
    }
  }
  for (Found& one : found) {
    if (const auto id = request_ids.find(one.input); id != request_ids.end()) {
      one.method.request_id_field = id->second;
    }
    methods_.emplace(std::move(one.full_name), one.method);
  }
}

const ContractIndex::Method* ContractIndex::Find(std::string_view full_method) const {
  const auto found = methods_.find(full_method);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace strata::isolation
