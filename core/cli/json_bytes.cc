#include "core/cli/json_bytes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <openssl/evp.h>

#include <algorithm>

#include "core/base/json.h"
#include "core/base/json_writer.h"

namespace strata::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// RFC 4648 section 4.
std::string Base64Encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool Base64Decode(std::string_view text, std::string* out) {
  out->resize(text.size() / 4 * 3 + 1);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out->data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return false;
  const std::size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  out->resize(static_cast<std::size_t>(size) - padding);
  return true;
}

bool CarriesJson(const FieldDescriptor* field) {
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_BYTES) return false;
  const std::string& name = field->name();
  return name == "json" || name == "bundle" || name == "patch" ||
         (name.size() > 5 && name.compare(name.size() - 5, 5, "_json") == 0);
}

const FieldDescriptor* FindField(const Descriptor* type, std::string_view name) {
  if (type == nullptr) return nullptr;
  const std::string key(name);
  const auto* field = type->FindFieldByCamelcaseName(key);
  return field != nullptr ? field : type->FindFieldByName(key);
}

// Copies JSON; the value of each field that carries JSON goes through `convert`.
template <typename Convert>
void Rewrite(const json::Value& value, const Descriptor* type, const FieldDescriptor* field,
             const Convert& convert, json::Writer& out) {
  if (value.is_object() && !(CarriesJson(field))) {
    out.BeginObject();
    for (const json::Member member : value.members()) {
      const FieldDescriptor* inner = FindField(type, member.name);
      const Descriptor* inner_type = inner != nullptr ? inner->message_type() : nullptr;
      out.Key(member.name);
      Rewrite(member.value, inner_type, inner, convert, out);
    }
    out.EndObject();
  } else if (value.is_array() && !(CarriesJson(field) && !field->is_repeated())) {
    out.BeginArray();
    for (const json::Value element : value.elements()) Rewrite(element, type, field, convert, out);
    out.EndArray();
  } else if (CarriesJson(field)) {
    out.Raw(convert(value));
  } else {
    out.Raw(value.raw());
  }
}

}  // namespace

Status FromJson(std::string_view text, google::protobuf::Message* message) {
  auto document = json::Document::Parse(text);
  if (!document.ok()) return document.status();
  std::string standard;
  json::Writer out(&standard);
  Rewrite(
      document->root(), message->GetDescriptor(), nullptr,
      [](const json::Value& value) {
        if (value.is_string()) return std::string(value.raw());
        return json::Quoted(Base64Encode(value.raw()));
      },
      out);
  google::protobuf::util::JsonParseOptions options;
  const auto status = google::protobuf::util::JsonStringToMessage(standard, message, options);
  if (!status.ok()) return InvalidArgument(std::string(status.message()));
  return OkStatus();
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string standard;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(message, &standard, options).ok()) return "{}";
  const auto document = json::Document::Parse(standard);
  if (!document.ok()) return standard;
  std::string text;
  json::Writer out(&text);
  Rewrite(
      document->root(), message.GetDescriptor(), nullptr,
      [](const json::Value& value) {
        std::string bytes;
        const bool decoded = Base64Decode(value.string(), &bytes);
        if (decoded && json::Document::Parse(bytes).ok()) return bytes;
        return std::string(value.raw());
      },
      out);
  return text;
}

}  // namespace strata::cli
