#include "core/gateway/grpc_reflection.h"

#include "core/base/status.h"
#include "core/gateway/wire.h"

namespace strata::gateway {
namespace {

// ServerReflectionRequest
constexpr std::uint32_t kHost = 1, kFileByFilename = 3, kFileContainingSymbol = 4;
constexpr std::uint32_t kFileContainingExtension = 5, kAllExtensionNumbers = 6, kListServices = 7;
constexpr std::uint32_t kContainingType = 1, kExtensionNumber = 2;
// ServerReflectionResponse
constexpr std::uint32_t kValidHost = 1, kOriginalRequest = 2, kFiles = 4, kExtensionNumbers = 5;
constexpr std::uint32_t kServices = 6, kError = 7;

std::string Error(Code code, std::string_view message) {
  std::string error;
  AppendUint(1, static_cast<std::uint64_t>(code), &error);
  AppendBytes(2, message, &error);
  std::string out;
  AppendBytes(kError, error, &out);
  return out;
}

std::string Files(const std::vector<std::string_view>& files) {
  if (files.empty()) return Error(Code::kNotFound, "not known here");
  std::string list;
  for (const std::string_view file : files) AppendBytes(1, file, &list);
  std::string out;
  AppendBytes(kFiles, list, &out);
  return out;
}

std::string FileOfExtension(std::string_view request, const DescriptorIndex& index) {
  std::string_view type;
  std::int64_t number = 0;
  WireReader reader(request);
  while (reader.Next()) {
    if (reader.field() == kContainingType) type = reader.bytes();
    if (reader.field() == kExtensionNumber) number = static_cast<std::int64_t>(reader.number());
  }
  return Files(index.FileByExtension(type, number));
}

std::string Extensions(std::string_view type, const DescriptorIndex& index) {
  if (!index.Knows(type)) return Error(Code::kNotFound, "not known here");
  std::string list;
  AppendBytes(1, type, &list);
  for (const std::int64_t number : index.ExtensionsOf(type)) {
    AppendUint(2, static_cast<std::uint64_t>(number), &list);
  }
  std::string out;
  AppendBytes(kExtensionNumbers, list, &out);
  return out;
}

std::string Services(const std::vector<std::string>& services) {
  std::string list;
  std::string service;
  for (const std::string& name : services) {
    service.clear();
    AppendBytes(1, name, &service);
    AppendBytes(1, service, &list);
  }
  std::string out;
  AppendBytes(kServices, list, &out);
  return out;
}

}  // namespace

std::string AnswerReflection(std::string_view request, const DescriptorIndex& index,
                             const std::vector<std::string>& services) {
  std::string out;
  std::string answer = Error(Code::kInvalidArgument, "the request asks for nothing");
  WireReader reader(request);
  while (reader.Next()) {
    switch (reader.field()) {
      case kHost:
        AppendBytes(kValidHost, reader.bytes(), &out);
        break;
      case kFileByFilename:
        answer = Files(index.FileByName(reader.bytes()));
        break;
      case kFileContainingSymbol:
        answer = Files(index.FileBySymbol(reader.bytes()));
        break;
      case kFileContainingExtension:
        answer = FileOfExtension(reader.bytes(), index);
        break;
      case kAllExtensionNumbers:
        answer = Extensions(reader.bytes(), index);
        break;
      case kListServices:
        answer = Services(services);
        break;
      default:
        break;
    }
  }
  if (!reader.ok()) answer = Error(Code::kInvalidArgument, "the request is malformed");
  AppendBytes(kOriginalRequest, request, &out);
  return out + answer;
}

}  // namespace strata::gateway
