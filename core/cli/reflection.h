#pragma once

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace strata::cli {

// Types of a running stack, learned by gRPC server reflection (grpc.reflection.v1alpha): so that
// `strata call` knows the services of every plugin, also of ones that were written after it.
// Single-threaded.
class Reflection {
 public:
  Reflection(std::shared_ptr<grpc::Channel> channel, std::string at)
      : channel_(std::move(channel)), at_(std::move(at)) {}

  // Full names of all services.
  Result<std::vector<std::string>> Services();

  // "strata.data.v1.Data" and what it uses. NOT_FOUND: the stack does not know it.
  Result<const google::protobuf::ServiceDescriptor*> FindService(const std::string& name);

 private:
  // Sends one ServerReflectionRequest; gives the serialized ServerReflectionResponse.
  Result<std::string> Ask(const std::string& request);
  // Adds the files that the answer to `request` holds, and those that they import.
  Status Load(const std::string& request);

  std::shared_ptr<grpc::Channel> channel_;
  std::string at_;
  google::protobuf::DescriptorPool pool_;
};

}  // namespace strata::cli
