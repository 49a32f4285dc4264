#include <google/protobuf/dynamic_message.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "core/cli/client.h"
#include "core/cli/commands.h"
#include "core/cli/json_bytes.h"
#include "core/cli/reflection.h"

namespace strata::cli {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Prints every method of the stack with its messages.
Status ListMethods(Reflection& reflection) {
  STRATA_ASSIGN_OR_RETURN(const auto services, reflection.Services());
  for (const std::string& name : services) {
    const auto service = reflection.FindService(name);
    if (!service.ok()) {
      std::printf("%s\n", name.c_str());
      continue;
    }
    for (int i = 0; i < (*service)->method_count(); ++i) {
      const MethodDescriptor* method = (*service)->method(i);
      std::printf("%s/%s(%s%s) -> %s%s\n", name.c_str(), method->name().c_str(),
                  method->client_streaming() ? "stream " : "", method->input_type()->name().c_str(),
                  method->server_streaming() ? "stream " : "",
                  method->output_type()->name().c_str());
    }
  }
  return OkStatus();
}

std::string MethodNames(const ServiceDescriptor* service) {
  std::string names;
  for (int i = 0; i < service->method_count(); ++i) {
    names += (i == 0 ? "" : ", ") + service->method(i)->name();
  }
  return names;
}

Result<const MethodDescriptor*> FindMethod(Reflection& reflection, const std::string& full_name) {
  std::string name = full_name;
  if (!name.empty() && name.front() == '/') name.erase(0, 1);
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) {
    return InvalidArgument("'" + full_name +
                           "' is no method: write package.Service/Method, e.g. "
                           "strata.core.v1.Core/Status (no METHOD lists all)");
  }
  STRATA_ASSIGN_OR_RETURN(const auto* service, reflection.FindService(name.substr(0, slash)));
  const auto* method = service->FindMethodByName(name.substr(slash + 1));
  if (method == nullptr) {
    return NotFound(service->full_name() + " has no method " + name.substr(slash + 1) +
                    "; it has " + MethodNames(service));
  }
  return method;
}

// The requests as serialized messages: each argument is one, none is an empty one.
Result<std::vector<std::string>> Requests(const CallOptions& options,
                                          const MethodDescriptor* method,
                                          google::protobuf::DynamicMessageFactory& factory) {
  std::vector<std::string> texts = options.json;
  if (texts.empty()) texts.push_back("{}");
  if (texts.size() > 1 && !method->client_streaming()) {
    return InvalidArgument(method->full_name() + " takes one request, not " +
                           std::to_string(texts.size()));
  }
  std::vector<std::string> requests;
  for (std::string& text : texts) {
    if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
    const std::unique_ptr<google::protobuf::Message> message(
        factory.GetPrototype(method->input_type())->New());
    if (Status status = FromJson(text, message.get()); !status.ok()) {
      return InvalidArgument("the request is not a " + method->input_type()->full_name() + ": " +
                             status.message());
    }
    requests.push_back(message->SerializeAsString());
  }
  return requests;
}

Status Call(const CallOptions& options) {
  const auto channel = Connect(options.at);
  Reflection reflection(channel, options.at);
  if (options.method.empty()) return ListMethods(reflection);
  STRATA_ASSIGN_OR_RETURN(const MethodDescriptor* method, FindMethod(reflection, options.method));
  google::protobuf::DynamicMessageFactory factory;
  STRATA_ASSIGN_OR_RETURN(const auto requests, Requests(options, method, factory));
  const std::string path = "/" + method->service()->full_name() + "/" + method->name();
  const std::unique_ptr<google::protobuf::Message> answer(
      factory.GetPrototype(method->output_type())->New());
  return CallBytes(channel, options.at, path, requests, options.slot, options.timeout,
                   [&](const std::string& bytes) {
                     if (answer->ParseFromString(bytes)) std::puts(ToJson(*answer).c_str());
                   });
}

}  // namespace

int RunCall(const CallOptions& options) {
  const Status status = Call(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "strata call: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace strata::cli
