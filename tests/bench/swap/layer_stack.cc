#include "tests/bench/swap/layer_stack.h"

#include "core/host/stack_file.h"
#include "tests/bench/swap/variant.h"

namespace strata::bench {
namespace {

std::string PackageOf(const std::string& slot) {
  if (slot == "hosting") return "hosting_sqlite";
  return slot == "record" ? "data_fhir" : "service_fhir_api";
}

}  // namespace

std::string LayerStack::Version(const std::string& slot, int number) const {
  return folder_ + "/plugins/" + slot + "_" + std::to_string(number % 2);
}
std::string LayerStack::Dishonest(const std::string& slot) const {
  return folder_ + "/plugins/" + slot + "_dishonest";
}
std::string LayerStack::OtherAbi(const std::string& slot) const {
  return folder_ + "/plugins/" + slot + "_other_abi";
}
std::string LayerStack::Faulty(const std::string& slot) {
  return std::string(STRATA_BROKEN_PLUGINS) + "/faulty_" + slot;
}

Result<std::unique_ptr<LayerStack>> LayerStack::Start(const std::string& folder) {
  std::unique_ptr<LayerStack> out(new LayerStack(folder));
  STRATA_RETURN_IF_ERROR(out->MakePackages());
  STRATA_RETURN_IF_ERROR(out->Open());
  return out;
}

LayerStack::~LayerStack() = default;

Status LayerStack::MakePackages() const {
  for (const std::string& slot : kLayers) {
    const std::string from = std::string(STRATA_TEST_PLUGINS) + "/" + PackageOf(slot);
    STRATA_RETURN_IF_ERROR(MakeVariant(from, Version(slot, 0), "0.1.1"));
    STRATA_RETURN_IF_ERROR(MakeVariant(from, Version(slot, 1), "0.1.2"));
    STRATA_RETURN_IF_ERROR(MakeVariant(from, Dishonest(slot), "0.1.3", Variant::kDishonest));
    STRATA_RETURN_IF_ERROR(MakeVariant(from, OtherAbi(slot), "0.1.4", Variant::kOtherAbi));
  }
  return OkStatus();
}

Status LayerStack::Open() {
  const std::string yaml = "stack: swap\ndata: " + folder_ +
                           "/data\ntimeouts: {start: 60s, drain: 2s}\nslots:\n"
                           "  hosting: {plugin: hosting_sqlite}\n"
                           "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
                           "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n";
  STRATA_ASSIGN_OR_RETURN(host::StackConfig config, host::ParseStack(yaml, "swap.yaml"));
  host::StackOptions options;
  options.plugin_path = {STRATA_TEST_PLUGINS};
  options.isolation = &isolator_;
  options.probation_interval = std::chrono::milliseconds(100);
  STRATA_ASSIGN_OR_RETURN(stack_, host::Stack::Start(std::move(config), options, log_, clock_));
  gateway::GrpcOptions grpc;
  grpc.address = "127.0.0.1:0";
  STRATA_ASSIGN_OR_RETURN(grpc_, gateway::GrpcGateway::Start(std::move(grpc), stack_.get()));
  gateway::HttpOptions http;
  http.address = "127.0.0.1:0";
  STRATA_ASSIGN_OR_RETURN(http_, gateway::HttpGateway::Start(std::move(http), stack_.get()));
  return OkStatus();
}

Status LayerStack::Stop() {
  http_->Stop(std::chrono::seconds(2));
  grpc_->Stop(std::chrono::seconds(2));
  return stack_->Stop();
}

}  // namespace strata::bench
