#include "core/cli/json_bytes.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using google::protobuf::FieldDescriptorProto;

// message Thing { string name = 1; bytes json = 2; bytes key = 3; repeated Thing parts = 4; }
class JsonBytes : public testing::Test {
 protected:
  JsonBytes() {
    google::protobuf::FileDescriptorProto file;
    file.set_name("thing.proto");
    file.set_syntax("proto3");
    auto* type = file.add_message_type();
    type->set_name("Thing");
    Add(type, "name", 1, FieldDescriptorProto::TYPE_STRING);
    Add(type, "json", 2, FieldDescriptorProto::TYPE_BYTES);
    Add(type, "key", 3, FieldDescriptorProto::TYPE_BYTES);
    auto* parts = Add(type, "parts", 4, FieldDescriptorProto::TYPE_MESSAGE);
    parts->set_label(FieldDescriptorProto::LABEL_REPEATED);
    parts->set_type_name("Thing");
    message_.reset(factory_.GetPrototype(pool_.BuildFile(file)->message_type(0))->New());
  }

  static FieldDescriptorProto* Add(google::protobuf::DescriptorProto* type, const char* name,
                                   int number, FieldDescriptorProto::Type kind) {
    auto* field = type->add_field();
    field->set_name(name);
    field->set_number(number);
    field->set_type(kind);
    field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    return field;
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_{&pool_};
  std::unique_ptr<google::protobuf::Message> message_;
};

TEST_F(JsonBytes, AFieldThatCarriesJsonIsJsonBothWays) {
  const std::string text =
      R"({"name":"a","json":{"value":1.10},"key":"AAEC","parts":[{"json":[1,{"json":2}]}]})";

  ASSERT_TRUE(FromJson(text, message_.get()).ok());

  EXPECT_EQ(message_->GetReflection()->GetString(
                *message_, message_->GetDescriptor()->FindFieldByName("json")),
            R"({"value":1.10})");
  EXPECT_EQ(ToJson(*message_), text);
}

TEST_F(JsonBytes, BytesThatAreNotJsonStayBase64) {
  ASSERT_TRUE(FromJson(R"({"json":"/w=="})", message_.get()).ok());

  EXPECT_EQ(ToJson(*message_), R"({"json":"/w=="})");
}

TEST_F(JsonBytes, AnUnknownFieldIsRefusedByName) {
  const Status status = FromJson(R"({"nmae":"a"})", message_.get());

  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("nmae"));
}

}  // namespace
}  // namespace strata::cli
