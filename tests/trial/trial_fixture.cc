#include "tests/trial/trial_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/host/change/changes.h"
#include "core/host/stack_state.h"
#include "core/trial/stack_call.h"
#include "core/trial/trials.h"
#include "strata/service/v1/service.pb.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

constexpr char kStack[] =
    "  hosting: {plugin: hosting_memory}\n"
    "  record:  {plugin: data_fhir, requires: {store: hosting}}\n"
    "  fhir:    {plugin: service_fhir_api, requires: {record: record}}\n"
    "  viewer:  {plugin: service_record_viewer, requires: {record: record}}\n";

template <typename Response>
Result<Response> Call(host::Stack& stack, const std::string& slot, const std::string& method,
                      const google::protobuf::MessageLite& request) {
  STRATA_ASSIGN_OR_RETURN(const std::string answer,
                          CallUnary(stack, slot, method, request.SerializeAsString()));
  Response response;
  response.ParseFromString(answer);
  return response;
}

bool IsOver(const v1::Trial& trial) {
  return trial.state() == v1::Trial::STATE_ENDED || trial.state() == v1::Trial::STATE_WITHDRAWN ||
         trial.state() == v1::Trial::STATE_FAILED;
}

std::string Patient(const std::string& id, const std::string& family) {
  return R"({"resourceType":"Patient","id":")" + id +
         R"(","name":[{"family":"First"},{"family":")" + family + R"("}]})";
}

}  // namespace

LiveStack::LiveStack(host::Isolation* isolation, const std::string& head) {
  std::string pattern = (std::filesystem::temp_directory_path() / "strata-trial-XXXXXX").string();
  dir_ = ::mkdtemp(pattern.data());
  auto config = host::ParseStack("stack: live\ndata: " + dir_ + "\n" + head + "slots:\n" + kStack,
                                 "live.yaml");
  host::StackOptions options;
  options.plugin_path = {STRATA_TEST_PLUGINS};
  options.make_trials = &MakeTrials;
  options.isolation = isolation;
  options.probation_interval = std::chrono::milliseconds(50);
  options.probation.window = 200;  // Ten seconds.
  auto stack = host::Stack::Start(*std::move(config), options, log_, clock_);
  EXPECT_TRUE(stack.ok()) << stack.status().message();
  stack_ = *std::move(stack);
}

LiveStack::~LiveStack() {
  EXPECT_TRUE(stack_->Stop().ok());
  stack_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

Result<v1::Trial> LiveStack::StartTrial(const std::string& slot, const std::string& package,
                                        const std::string& config_json, double shadow) {
  v1::StartTrialRequest request;
  request.set_slot(slot);
  request.set_package(package);
  request.set_config_json(config_json);
  request.set_shadow_percent(shadow);
  return StartTrial(request);
}

Result<v1::Trial> LiveStack::StartTrial(const v1::StartTrialRequest& request) {
  return Call<v1::Trial>(*stack_, "core", "/strata.core.v1.Core/StartTrial", request);
}

Result<v1::Change> LiveStack::ChangeOf(const v1::Trial& trial) {
  return stack_->state().changes->history().Get(trial.change());
}

Status LiveStack::Swap(const std::string& slot, const std::string& package) {
  v1::SwapRequest request;
  request.set_slot(slot);
  request.set_package(package);
  request.set_probation_s(0);
  STRATA_ASSIGN_OR_RETURN(
      const v1::ChangeResponse begun,
      Call<v1::ChangeResponse>(*stack_, "core", "/strata.core.v1.Core/Swap", request));
  v1::Change change = begun.change();
  std::uint64_t seen = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!host::ChangeHistory::Ended(change)) {
    STRATA_ASSIGN_OR_RETURN(change,
                            stack_->state().changes->history().Next(change.id(), &seen, until));
    if (std::chrono::steady_clock::now() > until) return DeadlineExceeded("the swap hangs");
  }
  return change.state() == v1::Change::STATE_DONE ? OkStatus() : Internal(change.reason());
}

v1::Trial LiveStack::Get(const std::string& id) {
  v1::ListTrialsResponse list = *Call<v1::ListTrialsResponse>(
      *stack_, "core", "/strata.core.v1.Core/ListTrials", v1::ListTrialsRequest());
  for (const v1::Trial& trial : list.trials()) {
    if (trial.id() == id) return trial;
  }
  return {};
}

v1::Trial LiveStack::End(const std::string& id) {
  v1::EndTrialRequest request;
  request.set_id(id);
  return *Call<v1::Trial>(*stack_, "core", "/strata.core.v1.Core/EndTrial", request);
}

v1::Trial LiveStack::Until(const std::string& id, const std::function<void()>& traffic,
                           const std::function<bool(const v1::Trial&)>& enough) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(180);
  v1::Trial trial = Get(id);
  while (!enough(trial) && !IsOver(trial) && std::chrono::steady_clock::now() < until) {
    traffic();
    trial = Get(id);
  }
  EXPECT_TRUE(enough(trial)) << v1::Trial::State_Name(trial.state()) << ": " << trial.reason()
                             << "; " << trial.skipped() << " skipped";
  return trial;
}

Result<data::v1::WriteResponse> LiveStack::Put(const std::string& id, const std::string& family) {
  data::v1::UpdateRequest request;
  request.set_type("Patient");
  request.set_id(id);
  request.set_json(Patient(id, family));
  return Call<data::v1::WriteResponse>(*stack_, "record", "/strata.data.v1.Data/Update", request);
}

Status LiveStack::Import(const std::string& id, const std::string& family) {
  data::v1::ImportRequest request;
  request.add_items()->set_json(Patient(id, family));
  StackCall call;
  call.slot = "record";
  call.method = "/strata.data.v1.Data/Import";
  call.requests.push_back(request.SerializeAsString());
  return CallStack(*stack_, call);
}

Status LiveStack::Delete(const std::string& id) {
  data::v1::DeleteRequest request;
  request.set_type("Patient");
  request.set_id(id);
  return Call<data::v1::DeleteResponse>(*stack_, "record", "/strata.data.v1.Data/Delete", request)
      .status();
}

Result<data::v1::ReadResponse> LiveStack::Read(const std::string& id) {
  data::v1::ReadRequest request;
  request.set_type("Patient");
  request.set_id(id);
  return Call<data::v1::ReadResponse>(*stack_, "record", "/strata.data.v1.Data/Read", request);
}

Status LiveStack::Search(const std::string& family) {
  data::v1::SearchRequest request;
  request.set_type("Patient");
  data::v1::Parameter* const parameter = request.add_parameters();
  parameter->set_name("family");
  parameter->set_value(family);
  StackCall call;
  call.slot = "record";
  call.method = "/strata.data.v1.Data/Search";
  call.requests.push_back(request.SerializeAsString());
  return CallStack(*stack_, call);
}

std::string LiveStack::Http(const std::string& method, const std::string& path,
                            const std::string& body) {
  return Exchange("fhir", "/fhir", method, path, body);
}

std::string LiveStack::Page(const std::string& path) {
  return Exchange("viewer", "/", "GET", path, "");
}

std::string LiveStack::Exchange(const std::string& slot, const std::string& route,
                                const std::string& method, const std::string& path,
                                const std::string& body) {
  service::v1::HandleRequest request;
  request.mutable_head()->set_method(method);
  request.mutable_head()->set_path(path);
  request.mutable_head()->set_route(route);
  request.mutable_head()->set_scheme("http");
  request.mutable_head()->set_authority("localhost");
  service::v1::Header* const type = request.mutable_head()->add_headers();
  type->set_name("content-type");
  type->set_value("application/fhir+json");
  request.set_body(body);
  request.set_end(true);
  StackCall call;
  call.slot = slot;
  call.method = "/strata.service.v1.DigitalService/Handle";
  call.requests.push_back(request.SerializeAsString());
  std::string answer;
  call.on_response = [&](std::string_view message) {
    service::v1::HandleResponse response;
    response.ParseFromArray(message.data(), static_cast<int>(message.size()));
    answer += response.body();
    return true;
  };
  const Status status = CallStack(*stack_, call);
  EXPECT_TRUE(status.ok()) << status.message();
  return answer;
}

v1::TrialMethod MethodOf(const v1::Trial& trial, const std::string& name) {
  for (const v1::TrialMethod& method : trial.methods()) {
    if (method.method().ends_with("/" + name)) return method;
  }
  return {};
}

}  // namespace strata::trial
