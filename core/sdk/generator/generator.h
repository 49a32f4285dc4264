#pragma once

#include <google/protobuf/compiler/code_generator.h>

#include <string>

namespace strata::generator {

// The protoc plugin of the SDK. For each service X of a file it writes
//  - class XService: one virtual method per RPC, answering UNIMPLEMENTED unless overridden, so that
//    a plugin keeps compiling and loading when the contract gains an RPC;
//  - class XClient: the typed caller, made from a strata::Host and a binding name;
//  - struct XServiceMeta: method table and dispatcher.
// Parameter: contracts_version=1.2.0 (goes into the plugin's descriptor). Comments of the proto are
// carried over. Fails on editions and groups only in so far as protoc does.
class StrataGenerator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;

  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace strata::generator
