#include "core/sdk/generator/generator.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace strata::generator {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;
using google::protobuf::io::Printer;
using Vars = std::map<std::string, std::string>;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::string ReplaceAll(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string StripProto(const std::string& name) { return name.substr(0, name.rfind(".proto")); }

// ::strata::hosting::v1::GetRequest, Outer_Inner for a nested message (as protoc names it).
std::string QualifiedName(const Descriptor* message) {
  std::string name = message->name();
  for (const Descriptor* outer = message->containing_type(); outer != nullptr;
       outer = outer->containing_type()) {
    name.insert(0, "_").insert(0, outer->name());
  }
  const std::string& package = message->file()->package();
  return (package.empty() ? "" : "::" + ReplaceAll(package, ".", "::")) + "::" + name;
}

// "hosting" of strata.hosting.v1: the name before the version.
std::string Layer(const std::string& package) {
  const std::vector<std::string> parts = Split(package, '.');
  return parts.size() < 2 ? package : parts[parts.size() - 2];
}

// How one kind of RPC looks in C++; $request$ and $response$ are replaced.
struct Shape {
  const char* kind;     // in the method table
  const char* serve;    // template of service.h
  const char* handler;  // parameters of the virtual method
  const char* client;   // parameters of the client's method
  const char* forward;  // the client's body, after "return channel_."
};

constexpr Shape kUnary = {"STRATA_UNARY", "ServeUnary",
                          "\n    ::strata::Context& cx, const $request$& request,"
                          "\n    $response$* response",
                          "\n    const ::strata::Context& parent, const $request$& request,"
                          "\n    $response$* response",
                          "Unary($index$, parent, request, response);\n"};
constexpr Shape kServerStream = {
    "STRATA_SERVER_STREAM", "ServeServerStream",
    "\n    ::strata::Context& cx, const $request$& request,"
    "\n    ::strata::Writer<$response$>& writer",
    "\n    const ::strata::Context& parent, const $request$& request,"
    "\n    ::strata::Sink<$response$> on_row",
    "ServerStream($index$, parent, request, &row, [&] { return on_row(row); });\n"};
constexpr Shape kClientStream = {
    "STRATA_CLIENT_STREAM", "ServeClientStream",
    "\n    ::strata::Context& cx, ::strata::Reader<$request$>& reader,"
    "\n    $response$* response",
    "\n    const ::strata::Context& parent, ::strata::Source<$request$> next,"
    "\n    $response$* response",
    "ClientStream($index$, parent, &request, [&] { return next(&request); }, response);\n"};
constexpr Shape kBidi = {"STRATA_BIDI", "ServeBidi",
                         "\n    ::strata::Context& cx, ::strata::Reader<$request$>& reader,"
                         "\n    ::strata::Writer<$response$>& writer",
                         "\n    const ::strata::Context& parent, ::strata::Source<$request$> next,"
                         "\n    ::strata::Sink<$response$> on_row",
                         "Bidi($index$, parent, &request, [&] { return next(&request); }, &row,\n"
                         "                       [&] { return on_row(row); });\n"};

const Shape& ShapeOf(const MethodDescriptor* method) {
  if (method->client_streaming()) return method->server_streaming() ? kBidi : kClientStream;
  return method->server_streaming() ? kServerStream : kUnary;
}

// A server stream whose name begins with "Watch" goes on until the caller has heard enough.
bool IsEndless(const MethodDescriptor* method) {
  return method->server_streaming() && !method->client_streaming() &&
         method->name().rfind("Watch", 0) == 0;
}

std::string Flags(const MethodDescriptor* method) {
  const std::string endless = IsEndless(method) ? " | STRATA_METHOD_ENDLESS" : "";
  switch (method->options().idempotency_level()) {
    case MethodOptions::NO_SIDE_EFFECTS:
      return "STRATA_METHOD_IDEMPOTENT | STRATA_METHOD_READ_ONLY" + endless;
    case MethodOptions::IDEMPOTENT:
      return "STRATA_METHOD_IDEMPOTENT" + endless;
    case MethodOptions::IDEMPOTENCY_UNKNOWN:
      break;
  }
  return "0" + endless;
}

Vars VarsOf(const MethodDescriptor* method) {
  return {{"method", method->name()},
          {"index", std::to_string(method->index())},
          {"service", method->service()->name()},
          {"path", "/" + method->service()->full_name() + "/" + method->name()},
          {"request", QualifiedName(method->input_type())},
          {"response", QualifiedName(method->output_type())},
          {"kind", ShapeOf(method).kind},
          {"serve", ShapeOf(method).serve},
          {"flags", Flags(method)}};
}

template <typename D>
void PrintComment(const D* descriptor, Printer* out) {
  SourceLocation location;
  if (!descriptor->GetSourceLocation(&location)) return;
  for (const std::string& line : Split(location.leading_comments, '\n')) {
    out->PrintRaw("//" + line);
    out->Print("\n");
  }
}

void PrintService(const ServiceDescriptor* service, const std::string& version, Printer* out) {
  const Vars vars = {{"name", service->name()},
                     {"layer", Layer(service->file()->package())},
                     {"version", version}};
  PrintComment(service, out);
  out->Print(vars,
             "class $name$Service {\n public:\n"
             "  using StrataService = $name$Service;\n"
             "  using StrataMeta = $name$ServiceMeta;\n"
             "  static constexpr std::string_view kStrataLayer = \"$layer$\";\n"
             "  static constexpr std::string_view kStrataContracts = \"$version$\";\n\n"
             "  virtual ~$name$Service() = default;\n");
  out->Indent();
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    out->Print("\n");
    PrintComment(method, out);
    out->Print("virtual ::strata::Status $method$(", "method", method->name());
    out->Print(VarsOf(method), ShapeOf(method).handler);
    out->Print(");\n");
  }
  out->Outdent();
  out->Print("};\n\n");
}

void PrintMeta(const ServiceDescriptor* service, Printer* out) {
  const Vars vars = {{"name", service->name()}, {"count", std::to_string(service->method_count())}};
  out->Print(vars,
             "// Methods of $name$Service in the order of the contract, for the SDK.\n"
             "struct $name$ServiceMeta {\n"
             "  static constexpr std::array<strata_method, $count$> kMethods = {{\n");
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    Vars m = VarsOf(method);
    m["size"] = std::to_string(m["path"].size());
    out->Print(m, "      {{\"$path$\", $size$}, $kind$, $flags$},\n");
  }
  out->Print(
      vars,
      "  }};\n"
      "  static const std::array<::strata::sdk::Handler<$name$Service>, $count$> kHandlers;\n"
      "};\n\n");
}

void PrintClient(const ServiceDescriptor* service, Printer* out) {
  const Vars vars = {{"name", service->name()}};
  out->Print(
      vars,
      "// Calls $name$ of the layer below. Each method blocks until the callee has answered; in\n"
      "// process it runs on this very thread. Thread-safe. See strata::sdk::Channel for the "
      "codes.\n"
      "class $name$Client final {\n public:\n"
      "  // `binding` is a name from the manifest's \"requires\"; empty = the only one.\n"
      "  explicit $name$Client(::strata::Host host, std::string_view binding = {})\n"
      "      : channel_(host, binding, $name$ServiceMeta::kMethods) {}\n\n"
      "  // Whether the binding exists: for an optional requirement.\n"
      "  bool bound() const { return channel_.bound(); }\n");
  out->Indent();
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    out->Print("\n");
    PrintComment(method, out);
    out->Print("::strata::Status $method$(", "method", method->name());
    out->Print(VarsOf(method), ShapeOf(method).client);
    out->Print(") const;\n");
  }
  out->Outdent();
  out->Print("\n private:\n  ::strata::sdk::Channel channel_;\n};\n\n");
}

void PrintDefaults(const ServiceDescriptor* service, Printer* out) {
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    const Vars vars = VarsOf(method);
    out->Print(vars, "::strata::Status $service$Service::$method$(");
    out->Print(vars, ShapeOf(method).handler);
    out->Print(
        vars,
        ") {\n  return ::strata::Unimplemented(\"$path$ is not implemented by this plugin\");\n"
        "}\n\n");
  }
}

void PrintHandlers(const ServiceDescriptor* service, Printer* out) {
  const Vars vars = {{"name", service->name()}, {"count", std::to_string(service->method_count())}};
  out->Print(vars,
             "const std::array<::strata::sdk::Handler<$name$Service>, $count$>\n"
             "    $name$ServiceMeta::kHandlers = {\n");
  for (int i = 0; i < service->method_count(); ++i) {
    out->Print(VarsOf(service->method(i)),
               "        &::strata::sdk::$serve$<$service$Service, $request$, $response$,\n"
               "            &$service$Service::$method$>,\n");
  }
  out->Print("};\n\n");
}

void PrintClientMethods(const ServiceDescriptor* service, Printer* out) {
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* method = service->method(i);
    const Vars vars = VarsOf(method);
    out->Print(vars, "::strata::Status $service$Client::$method$(");
    out->Print(vars, ShapeOf(method).client);
    out->Print(") const {\n");
    if (method->client_streaming()) out->Print(vars, "  $request$ request;\n");
    if (method->server_streaming()) out->Print(vars, "  $response$ row;\n");
    out->Print("  return channel_.");
    out->Print(vars, ShapeOf(method).forward);
    out->Print("}\n\n");
  }
}

void OpenNamespace(const FileDescriptor* file, Printer* out) {
  if (!file->package().empty()) {
    out->Print("namespace $ns$ {\n\n", "ns", ReplaceAll(file->package(), ".", "::"));
  }
}

void CloseNamespace(const FileDescriptor* file, Printer* out) {
  if (!file->package().empty()) {
    out->Print("}  // namespace $ns$\n", "ns", ReplaceAll(file->package(), ".", "::"));
  }
}

void PrintHeader(const FileDescriptor* file, const std::string& version, Printer* out) {
  const Vars vars = {{"file", file->name()}, {"base", StripProto(file->name())}};
  out->Print(
      vars,
      "// Generated by protoc-gen-strata from $file$. Do not edit.\n"
      "#pragma once\n\n#include <array>\n#include <string_view>\n\n"
      "#include \"$base$.pb.h\"\n#include \"strata/client.h\"\n#include \"strata/service.h\"\n\n");
  OpenNamespace(file, out);
  for (int i = 0; i < file->service_count(); ++i) {
    const ServiceDescriptor* service = file->service(i);
    out->Print("struct $name$ServiceMeta;\n\n", "name", service->name());
    PrintService(service, version, out);
    PrintMeta(service, out);
    PrintClient(service, out);
  }
  CloseNamespace(file, out);
}

void PrintSource(const FileDescriptor* file, Printer* out) {
  const Vars vars = {{"file", file->name()}, {"base", StripProto(file->name())}};
  out->Print(vars,
             "// Generated by protoc-gen-strata from $file$. Do not edit.\n"
             "#include \"$base$.strata.h\"\n\n");
  OpenNamespace(file, out);
  for (int i = 0; i < file->service_count(); ++i) {
    PrintDefaults(file->service(i), out);
    PrintHandlers(file->service(i), out);
    PrintClientMethods(file->service(i), out);
  }
  CloseNamespace(file, out);
}

}  // namespace

bool StrataGenerator::Generate(const FileDescriptor* file, const std::string& parameter,
                               google::protobuf::compiler::GeneratorContext* context,
                               std::string* error) const {
  std::string version;
  std::vector<std::pair<std::string, std::string>> options;
  google::protobuf::compiler::ParseGeneratorParameter(parameter, &options);
  for (const auto& [key, value] : options) {
    if (key != "contracts_version") {
      *error = "unknown parameter " + key;
      return false;
    }
    version = value;
  }
  const std::string base = StripProto(file->name());
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> header(
      context->Open(base + ".strata.h"));
  Printer header_out(header.get(), '$');
  PrintHeader(file, version, &header_out);
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> source(
      context->Open(base + ".strata.cc"));
  Printer source_out(source.get(), '$');
  PrintSource(file, &source_out);
  return true;
}

}  // namespace strata::generator
