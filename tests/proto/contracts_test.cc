// Only additions are allowed inside a version of a contract: everything that a released descriptor
// set holds must be in today's, unchanged on the wire.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace strata {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::ServiceDescriptorProto;

FileDescriptorSet Load(const std::string& path) {
  FileDescriptorSet set;
  std::ifstream in(path, std::ios::binary);
  if (!set.ParseFromIstream(&in)) ADD_FAILURE() << path << " is no descriptor set";
  return set;
}

template <typename List>
auto FindByName(const List& list, const std::string& name) -> decltype(&list.Get(0)) {
  for (const auto& item : list) {
    if (item.name() == name) return &item;
  }
  return nullptr;
}

// Collects what is missing or changed.
class Comparison {
 public:
  std::vector<std::string> broken;

  void Files(const FileDescriptorSet& released, const FileDescriptorSet& now) {
    for (const auto& file : released.file()) {
      const auto* current = FindByName(now.file(), file.name());
      if (Missing(current == nullptr, file.name())) continue;
      Messages(file.message_type(), current->message_type(), file.package());
      Enums(file.enum_type(), current->enum_type(), file.package());
      Services(file.service(), current->service(), file.package());
    }
  }

 private:
  bool Missing(bool is, const std::string& what) {
    if (is) broken.push_back(what + " is gone");
    return is;
  }
  void Same(bool same, const std::string& what) {
    if (!same) broken.push_back(what + " has changed");
  }

  template <typename List>
  void Messages(const List& released, const List& now, const std::string& scope) {
    for (const DescriptorProto& message : released) {
      const std::string name = scope + "." + message.name();
      const DescriptorProto* current = FindByName(now, message.name());
      if (Missing(current == nullptr, name)) continue;
      Messages(message.nested_type(), current->nested_type(), name);
      Enums(message.enum_type(), current->enum_type(), name);
      for (const FieldDescriptorProto& field : message.field()) {
        const std::string path = name + "." + field.name();
        const FieldDescriptorProto* other = FindByName(current->field(), field.name());
        if (Missing(other == nullptr, path)) continue;
        Same(field.number() == other->number() && field.type() == other->type() &&
                 field.type_name() == other->type_name() && field.label() == other->label() &&
                 field.proto3_optional() == other->proto3_optional() &&
                 field.has_oneof_index() == other->has_oneof_index(),
             path);
      }
    }
  }

  template <typename List>
  void Enums(const List& released, const List& now, const std::string& scope) {
    for (const EnumDescriptorProto& type : released) {
      const std::string name = scope + "." + type.name();
      const EnumDescriptorProto* current = FindByName(now, type.name());
      if (Missing(current == nullptr, name)) continue;
      for (const auto& value : type.value()) {
        const auto* other = FindByName(current->value(), value.name());
        if (Missing(other == nullptr, name + "." + value.name())) continue;
        Same(value.number() == other->number(), name + "." + value.name());
      }
    }
  }

  template <typename List>
  void Services(const List& released, const List& now, const std::string& scope) {
    for (const ServiceDescriptorProto& service : released) {
      const std::string name = scope + "." + service.name();
      const ServiceDescriptorProto* current = FindByName(now, service.name());
      if (Missing(current == nullptr, name)) continue;
      for (const MethodDescriptorProto& method : service.method()) {
        const MethodDescriptorProto* other = FindByName(current->method(), method.name());
        if (Missing(other == nullptr, name + "/" + method.name())) continue;
        Same(method.input_type() == other->input_type() &&
                 method.output_type() == other->output_type() &&
                 method.client_streaming() == other->client_streaming() &&
                 method.server_streaming() == other->server_streaming() &&
                 method.options().idempotency_level() == other->options().idempotency_level(),
             name + "/" + method.name());
      }
    }
  }
};

TEST(Contracts, HoldEverythingThatWasReleased) {
  const FileDescriptorSet now = Load(STRATA_CURRENT_PROTOSET);
  int releases = 0;

  for (const auto& entry : std::filesystem::directory_iterator(STRATA_RELEASED_PROTOSETS)) {
    if (entry.path().extension() != ".protoset") continue;
    ++releases;
    Comparison comparison;
    comparison.Files(Load(entry.path()), now);
    EXPECT_THAT(comparison.broken, testing::IsEmpty()) << "since " << entry.path().filename();
  }

  EXPECT_GT(releases, 0);
}

TEST(Contracts, ARemovalOrAChangeIsNoticed) {
  const FileDescriptorSet released = Load(STRATA_CURRENT_PROTOSET);
  FileDescriptorSet now = released;
  auto* message = now.mutable_file(0)->mutable_message_type(0);
  message->mutable_field(0)->set_number(999);
  message->mutable_field()->RemoveLast();
  for (auto& file : *now.mutable_file()) {
    if (file.service_size() > 0) file.mutable_service(0)->mutable_method()->RemoveLast();
  }

  Comparison comparison;
  comparison.Files(released, now);

  EXPECT_THAT(comparison.broken, testing::Contains(testing::HasSubstr("has changed")));
  EXPECT_THAT(comparison.broken, testing::SizeIs(testing::Ge(3U)));
}

}  // namespace
}  // namespace strata
