// protoc-gen-strata: writes X.strata.h and X.strata.cc for each X.proto (see generator.h).
#include "core/sdk/generator/generator.h"

#include <google/protobuf/compiler/plugin.h>

int main(int argc, char* argv[]) {
  const strata::generator::StrataGenerator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
