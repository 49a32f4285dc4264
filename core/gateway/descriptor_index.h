#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace strata::gateway {

// Files and symbols of FileDescriptorSets, as server reflection needs them. The first file of a
// name counts. Immutable after construction: thread-safe.
class DescriptorIndex final {
 public:
  // Serialized google.protobuf.FileDescriptorSet each; what is malformed is left out.
  explicit DescriptorIndex(std::vector<std::string> sets);
  DescriptorIndex(const DescriptorIndex&) = delete;
  DescriptorIndex& operator=(const DescriptorIndex&) = delete;

  // The file and all that it imports, itself first; empty when it is not known.
  std::vector<std::string_view> FileByName(std::string_view name) const;
  // The file that declares a message, enum, enum value, field, service, method or extension.
  std::vector<std::string_view> FileBySymbol(std::string_view symbol) const;
  std::vector<std::string_view> FileByExtension(std::string_view type, std::int64_t number) const;
  // Numbers of the known extensions of a message.
  std::vector<std::int64_t> ExtensionsOf(std::string_view type) const;
  bool Knows(std::string_view symbol) const { return symbols_.find(symbol) != symbols_.end(); }

 private:
  struct File {
    std::string_view bytes;
    std::vector<std::string_view> imports;
  };

  void AddFile(std::string_view bytes);
  void AddMessage(std::string_view bytes, std::string_view scope, std::size_t file);
  void AddEnum(std::string_view bytes, std::string_view scope, std::size_t file);
  void AddService(std::string_view bytes, std::string_view scope, std::size_t file);
  void AddField(std::string_view bytes, std::string_view scope, std::size_t file);
  void AddSymbol(std::string_view scope, std::string_view name, std::size_t file);
  std::vector<std::string_view> WithImports(std::size_t file) const;

  std::vector<std::string> sets_;  // what the views point into
  std::vector<File> files_;
  std::map<std::string_view, std::size_t> names_;
  std::map<std::string, std::size_t, std::less<>> symbols_;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> extensions_;
};

}  // namespace strata::gateway
