#include "core/trial/message_compare.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/rows.h"
#include "core/trial/exceptions.h"
#include "core/trial/json_compare.h"

namespace strata::trial {
namespace {

namespace pb = google::protobuf;

// Compares two messages of one type; paths go to the sink.
class Differ {
 public:
  explicit Differ(DifferenceSink sink) : different_(std::move(sink)) {}

  void Messages(const pb::Message& a, const pb::Message& b, const std::string& path) {
    const pb::Descriptor& type = *a.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (DiffersByNature(field.full_name())) continue;
      const std::string at = path.empty() ? field.name() : path + "." + field.name();
      field.is_repeated() ? Lists(a, b, field, at) : Singles(a, b, field, at);
    }
    if (Unknown(a) != Unknown(b)) different_(path.empty() ? "?" : path + ".?");
  }

 private:
  // Fields that the contract does not have: a newer plugin's. Compared as a whole.
  static std::string Unknown(const pb::Message& m) {
    std::string out;
    m.GetReflection()->GetUnknownFields(m).SerializeToString(&out);
    return out;
  }

  void Singles(const pb::Message& a, const pb::Message& b, const pb::FieldDescriptor& field,
               const std::string& at) {
    const pb::Reflection& ra = *a.GetReflection();
    const pb::Reflection& rb = *b.GetReflection();
    if (field.has_presence() && ra.HasField(a, &field) != rb.HasField(b, &field)) {
      return different_(at);
    }
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (ra.HasField(a, &field)) Messages(ra.GetMessage(a, &field), rb.GetMessage(b, &field), at);
    } else if (field.type() == pb::FieldDescriptor::TYPE_BYTES) {
      Bytes(ra.GetString(a, &field), rb.GetString(b, &field), field, at);
    } else if (Scalar(a, field, -1) != Scalar(b, field, -1)) {
      different_(at);
    }
  }

  void Lists(const pb::Message& a, const pb::Message& b, const pb::FieldDescriptor& field,
             const std::string& path) {
    const pb::Reflection& ra = *a.GetReflection();
    const pb::Reflection& rb = *b.GetReflection();
    const std::string at = path + "[*]";
    const int sizes[2] = {ra.FieldSize(a, &field), rb.FieldSize(b, &field)};
    for (int i = 0; i < std::min(sizes[0], sizes[1]); ++i) {
      if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        Messages(ra.GetRepeatedMessage(a, &field, i), rb.GetRepeatedMessage(b, &field, i), at);
      } else if (field.type() == pb::FieldDescriptor::TYPE_BYTES) {
        Bytes(ra.GetRepeatedString(a, &field, i), rb.GetRepeatedString(b, &field, i), field, at);
      } else if (Scalar(a, field, i) != Scalar(b, field, i)) {
        different_(at);
      }
    }
    if (sizes[0] != sizes[1]) different_(at);
  }

  // A number, an enum or a string as text; `index` -1: not a list.
  static std::string Scalar(const pb::Message& m, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& r = *m.GetReflection();
    const bool one = index < 0;
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return one ? r.GetString(m, &field) : r.GetRepeatedString(m, &field, index);
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return std::to_string(one ? r.GetInt32(m, &field) : r.GetRepeatedInt32(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return std::to_string(one ? r.GetInt64(m, &field) : r.GetRepeatedInt64(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return std::to_string(one ? r.GetUInt32(m, &field) : r.GetRepeatedUInt32(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(one ? r.GetUInt64(m, &field) : r.GetRepeatedUInt64(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return std::to_string(one ? r.GetDouble(m, &field) : r.GetRepeatedDouble(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return std::to_string(one ? r.GetFloat(m, &field) : r.GetRepeatedFloat(m, &field, index));
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return (one ? r.GetBool(m, &field) : r.GetRepeatedBool(m, &field, index)) ? "1" : "0";
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return std::to_string(one ? r.GetEnumValue(m, &field)
                                  : r.GetRepeatedEnumValue(m, &field, index));
      default:
        return {};
    }
  }

  void Bytes(const std::string& a, const std::string& b, const pb::FieldDescriptor& field,
             const std::string& at) {
    if (a == b) return;
    if (CarriesRows(field.full_name())) return Rows(a, b, at);
    if (CarriesJson(field.name()) || LooksLikeJson(a)) {
      const auto left = json::Document::Parse(a);
      const auto right = json::Document::Parse(b);
      if (left.ok() && right.ok()) return CompareJson(left->root(), right->root(), at, different_);
    }
    different_(at);
  }

  static bool LooksLikeJson(const std::string& bytes) {
    return !bytes.empty() && (bytes.front() == '{' || bytes.front() == '[');
  }

  void Rows(const std::string& a, const std::string& b, const std::string& path) {
    RowReader left(a);
    RowReader right(b);
    Row x;
    Row y;
    while (true) {
      const bool more_left = left.Next(&x);
      const bool more_right = right.Next(&y);
      if (more_left != more_right || !left.ok() || !right.ok()) return different_(path);
      if (!more_left) return;
      if (x.key != y.key) different_(path + "[*].key");
      if (x.version != y.version) different_(path + "[*].version");
      if (x.value != y.value) different_(path + "[*].value");
    }
  }

  const DifferenceSink different_;
};

// Adds the bytes of `piece` to those of `whole`, which merging would replace.
void JoinPieces(const pb::Message& piece, pb::Message* whole) {
  const pb::Descriptor& type = *piece.GetDescriptor();
  const pb::Reflection& reflection = *piece.GetReflection();
  std::map<const pb::FieldDescriptor*, std::string> joined;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor* const field = type.field(i);
    if (!IsPiece(field->full_name())) continue;
    joined[field] = reflection.GetString(*whole, field) + reflection.GetString(piece, field);
  }
  whole->MergeFrom(piece);
  for (auto& [field, bytes] : joined) reflection.SetString(whole, field, std::move(bytes));
}

}  // namespace

class MessageCompare::Types {
 public:
  explicit Types(const std::vector<std::string>& descriptor_sets) {
    for (const std::string& bytes : descriptor_sets) {
      pb::FileDescriptorSet set;
      if (!set.ParseFromString(bytes)) continue;
      for (const pb::FileDescriptorProto& file : set.file()) {
        if (pool_.FindFileByName(file.name()) == nullptr)
          pool_.BuildFileCollectingErrors(file, &quiet_);
      }
    }
  }

  // All messages of an answer in one; null: of no known type, or they do not parse.
  std::unique_ptr<pb::Message> Join(std::string_view full_method,
                                    const std::vector<std::string>& messages) {
    const pb::Message* const prototype = AnswerOf(full_method);
    if (prototype == nullptr) return nullptr;
    std::unique_ptr<pb::Message> whole(prototype->New());
    for (const std::string& bytes : messages) {
      const std::unique_ptr<pb::Message> piece(prototype->New());
      if (!piece->ParseFromString(bytes)) return nullptr;
      JoinPieces(*piece, whole.get());
    }
    return whole;
  }

 private:
  class Quiet final : public pb::DescriptorPool::ErrorCollector {
    void AddError(const std::string&, const std::string&, const pb::Message*, ErrorLocation,
                  const std::string&) override {}
  };

  // "/strata.data.v1.Data/Read"
  const pb::Message* AnswerOf(std::string_view full_method) {
    std::string name(full_method.substr(full_method.starts_with('/') ? 1 : 0));
    std::replace(name.begin(), name.end(), '/', '.');
    const pb::MethodDescriptor* const method = pool_.FindMethodByName(name);
    return method == nullptr ? nullptr : factory_.GetPrototype(method->output_type());
  }

  Quiet quiet_;
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;  // Goes before the pool.
};

MessageCompare::MessageCompare(const std::vector<std::string>& descriptor_sets)
    : types_(std::make_unique<Types>(descriptor_sets)) {}

MessageCompare::~MessageCompare() = default;

std::set<std::string> MessageCompare::Compare(std::string_view full_method,
                                              const std::vector<std::string>& a,
                                              const std::vector<std::string>& b) const {
  std::set<std::string> out;
  if (a == b) return out;
  const auto left = types_->Join(full_method, a);
  const auto right = types_->Join(full_method, b);
  if (left == nullptr || right == nullptr) {
    out.emplace(kWhole);
    return out;
  }
  Differ differ([&](const std::string& path) { out.insert(path); });
  differ.Messages(*left, *right, "");
  return out;
}

}  // namespace strata::trial
