#include "core/cli/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "core/cli/client.h"

namespace strata::cli {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Field numbers of grpc/reflection/v1alpha/reflection.proto.
enum RequestField : std::uint8_t {
  kFileByFilename = 3,
  kFileContainingSymbol = 4,
  kListServices = 7
};
enum ResponseField : std::uint8_t {
  kFileDescriptorResponse = 4,
  kListServicesResponse = 6,
  kErrorResponse = 7
};

std::string StringField(int number, std::string_view text) {
  std::string out;
  out.push_back(static_cast<char>((number << 3) | 2));
  for (std::size_t size = text.size();; size >>= 7) {
    out.push_back(static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0)));
    if (size <= 0x7f) break;
  }
  return out.append(text);
}

// Calls `visit` for each length-delimited field of a serialized message.
void VisitStrings(const std::string& message,
                  const std::function<void(int, const std::string&)>& visit) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(message.data()),
                      static_cast<int>(message.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return;
      continue;
    }
    std::uint32_t size = 0;
    std::string value;
    if (!in.ReadVarint32(&size) || !in.ReadString(&value, static_cast<int>(size))) return;
    visit(WireFormatLite::GetTagFieldNumber(tag), value);
  }
}

}  // namespace

Result<std::string> Reflection::Ask(const std::string& request) {
  std::string answer;
  STRATA_RETURN_IF_ERROR(CallBytes(channel_, at_, kMethod, {request}, "", std::chrono::seconds(10),
                                   [&](const std::string& message) { answer = message; }));
  Status status;
  VisitStrings(answer, [&](int field, const std::string& value) {
    if (field != kErrorResponse) return;
    VisitStrings(value, [&](int, const std::string& text) { status = NotFound(text); });
    if (status.ok()) status = NotFound("the stack does not know it");
  });
  if (!status.ok()) return status;
  return answer;
}

Result<std::vector<std::string>> Reflection::Services() {
  STRATA_ASSIGN_OR_RETURN(const std::string answer, Ask(StringField(kListServices, "")));
  std::vector<std::string> names;
  VisitStrings(answer, [&](int field, const std::string& list) {
    if (field != kListServicesResponse) return;
    VisitStrings(list, [&](int, const std::string& service) {
      VisitStrings(service, [&](int, const std::string& name) { names.push_back(name); });
    });
  });
  return names;
}

Status Reflection::Load(const std::string& first_request) {
  std::map<std::string, FileDescriptorProto> files;
  std::set<std::string> asked;
  std::deque<std::string> requests = {first_request};
  for (; !requests.empty(); requests.pop_front()) {
    STRATA_ASSIGN_OR_RETURN(const std::string answer, Ask(requests.front()));
    VisitStrings(answer, [&](int field, const std::string& list) {
      if (field != kFileDescriptorResponse) return;
      VisitStrings(list, [&](int, const std::string& bytes) {
        FileDescriptorProto file;
        if (file.ParseFromString(bytes)) files[file.name()] = file;
      });
    });
    for (const auto& [name, file] : files) {
      for (const std::string& import : file.dependency()) {
        if (files.count(import) == 0 && asked.insert(import).second) {
          requests.push_back(StringField(kFileByFilename, import));
        }
      }
    }
  }
  // Imports before importers.
  const std::function<bool(const std::string&)> build = [&](const std::string& name) {
    if (pool_.FindFileByName(name) != nullptr) return true;
    const auto it = files.find(name);
    if (it == files.end()) return false;
    for (const std::string& import : it->second.dependency()) {
      if (!build(import)) return false;
    }
    return pool_.BuildFile(it->second) != nullptr;
  };
  for (const auto& [name, file] : files) {
    if (!build(name)) return Internal("the stack's description of " + name + " is not complete");
  }
  return OkStatus();
}

Result<const google::protobuf::ServiceDescriptor*> Reflection::FindService(
    const std::string& name) {
  STRATA_RETURN_IF_ERROR(Load(StringField(kFileContainingSymbol, name)));
  const auto* service = pool_.FindServiceByName(name);
  if (service == nullptr) return NotFound("no service " + name);
  return service;
}

}  // namespace strata::cli
