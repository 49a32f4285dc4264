#include "core/gateway/descriptor_index.h"

#include <algorithm>
#include <utility>

#include "core/gateway/wire.h"

namespace strata::gateway {
namespace {

// google/protobuf/descriptor.proto
constexpr std::uint32_t kSetFile = 1;
constexpr std::uint32_t kFilePackage = 2, kFileImport = 3, kFileMessage = 4, kFileEnum = 5;
constexpr std::uint32_t kFileService = 6, kFileExtension = 7;
constexpr std::uint32_t kMessageField = 2, kMessageNested = 3, kMessageEnum = 4;
constexpr std::uint32_t kMessageExtension = 6, kMessageOneof = 8;
constexpr std::uint32_t kEnumValue = 2, kServiceMethod = 2;
constexpr std::uint32_t kFieldExtendee = 2, kFieldNumber = 3;
constexpr std::uint32_t kName = 1;  // of all of them

std::string_view FieldOf(std::string_view message, std::uint32_t field) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field) return reader.bytes();
  }
  return {};
}

std::string Join(std::string_view scope, std::string_view name) {
  std::string joined(scope);
  if (!joined.empty()) joined.push_back('.');
  return joined.append(name);
}

}  // namespace

DescriptorIndex::DescriptorIndex(std::vector<std::string> sets) : sets_(std::move(sets)) {
  for (const std::string& set : sets_) {
    WireReader reader(set);
    while (reader.Next()) {
      if (reader.field() == kSetFile) AddFile(reader.bytes());
    }
  }
}

void DescriptorIndex::AddFile(std::string_view bytes) {
  const std::size_t index = files_.size();
  if (!names_.emplace(FieldOf(bytes, kName), index).second) return;
  files_.push_back({bytes, {}});
  const std::string_view package = FieldOf(bytes, kFilePackage);
  WireReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case kFileImport:
        files_[index].imports.push_back(reader.bytes());
        break;
      case kFileMessage:
        AddMessage(reader.bytes(), package, index);
        break;
      case kFileEnum:
        AddEnum(reader.bytes(), package, index);
        break;
      case kFileService:
        AddService(reader.bytes(), package, index);
        break;
      case kFileExtension:
        AddField(reader.bytes(), package, index);
        break;
      default:
        break;
    }
  }
}

void DescriptorIndex::AddMessage(std::string_view bytes, std::string_view scope, std::size_t file) {
  const std::string name = Join(scope, FieldOf(bytes, kName));
  symbols_.emplace(name, file);
  WireReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case kMessageField:
      case kMessageExtension:
        AddField(reader.bytes(), name, file);
        break;
      case kMessageNested:
        AddMessage(reader.bytes(), name, file);
        break;
      case kMessageEnum:
        AddEnum(reader.bytes(), name, file);
        break;
      case kMessageOneof:
        AddSymbol(name, FieldOf(reader.bytes(), kName), file);
        break;
      default:
        break;
    }
  }
}

// Values of an enum are siblings of the enum (descriptor.proto, EnumValueDescriptorProto).
void DescriptorIndex::AddEnum(std::string_view bytes, std::string_view scope, std::size_t file) {
  AddSymbol(scope, FieldOf(bytes, kName), file);
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kEnumValue) AddSymbol(scope, FieldOf(reader.bytes(), kName), file);
  }
}

void DescriptorIndex::AddService(std::string_view bytes, std::string_view scope, std::size_t file) {
  const std::string name = Join(scope, FieldOf(bytes, kName));
  symbols_.emplace(name, file);
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kServiceMethod) AddSymbol(name, FieldOf(reader.bytes(), kName), file);
  }
}

void DescriptorIndex::AddField(std::string_view bytes, std::string_view scope, std::size_t file) {
  AddSymbol(scope, FieldOf(bytes, kName), file);
  std::string_view extendee = FieldOf(bytes, kFieldExtendee);
  if (extendee.empty()) return;
  if (extendee.front() == '.') extendee.remove_prefix(1);
  std::int64_t number = 0;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kFieldNumber) number = static_cast<std::int64_t>(reader.number());
  }
  extensions_.emplace(std::make_pair(std::string(extendee), number), file);
}

void DescriptorIndex::AddSymbol(std::string_view scope, std::string_view name, std::size_t file) {
  symbols_.emplace(Join(scope, name), file);
}

std::vector<std::string_view> DescriptorIndex::WithImports(std::size_t file) const {
  std::vector<std::size_t> order{file};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::string_view import : files_[order[i]].imports) {
      const auto found = names_.find(import);
      if (found == names_.end()) continue;
      if (std::find(order.begin(), order.end(), found->second) == order.end()) {
        order.push_back(found->second);
      }
    }
  }
  std::vector<std::string_view> files;
  for (const std::size_t index : order) files.push_back(files_[index].bytes);
  return files;
}

std::vector<std::string_view> DescriptorIndex::FileByName(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<std::string_view>() : WithImports(found->second);
}

std::vector<std::string_view> DescriptorIndex::FileBySymbol(std::string_view symbol) const {
  const auto found = symbols_.find(symbol);
  return found == symbols_.end() ? std::vector<std::string_view>() : WithImports(found->second);
}

std::vector<std::string_view> DescriptorIndex::FileByExtension(std::string_view type,
                                                               std::int64_t number) const {
  const auto found = extensions_.find(std::make_pair(std::string(type), number));
  return found == extensions_.end() ? std::vector<std::string_view>() : WithImports(found->second);
}

std::vector<std::int64_t> DescriptorIndex::ExtensionsOf(std::string_view type) const {
  std::vector<std::int64_t> numbers;
  for (const auto& [key, file] : extensions_) {
    if (key.first == type) numbers.push_back(key.second);
  }
  return numbers;
}

}  // namespace strata::gateway
