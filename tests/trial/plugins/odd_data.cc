// FHIR records as they should be, but for one planted fault: a candidate for trials.
#include <strata/plugin.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "plugins/data_fhir/service/data_service.h"

namespace trialtest {

namespace v1 = strata::data::v1;
using strata::Context;
using strata::Reader;
using strata::Status;
using strata::Writer;

class OddData final : public v1::DataService {
 public:
  OddData(strata::Host host, std::string_view config)
      : fault_(FaultIn(config)), right_(host, "{}") {}

  Status Start() { return fault_ == "start" ? strata::Internal("planted") : right_.Start(); }

  Status Read(Context& cx, const v1::ReadRequest& request, v1::ReadResponse* response) override {
    if (fault_ == "error") return strata::Internal("planted");
    if (fault_ == "crash") std::abort();
    if (fault_ == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const Status status = right_.Read(cx, request, response);
    if (fault_ == "field" && status.ok()) Change(response->mutable_resource()->mutable_json());
    return status;
  }
  Status Search(Context& cx, const v1::SearchRequest& request,
                Writer<v1::SearchResponse>& writer) override {
    return right_.Search(cx, request, writer);
  }
  Status Update(Context& cx, const v1::UpdateRequest& request,
                v1::WriteResponse* response) override {
    return right_.Update(cx, request, response);
  }
  Status Delete(Context& cx, const v1::DeleteRequest& request,
                v1::DeleteResponse* response) override {
    return right_.Delete(cx, request, response);
  }
  Status Import(Context& cx, Reader<v1::ImportRequest>& reader,
                Writer<v1::ImportResponse>& writer) override {
    return right_.Import(cx, reader, writer);
  }

 private:
  static std::string FaultIn(std::string_view config) {
    for (const char* fault : {"field", "slow", "error", "crash", "start"}) {
      if (config.find(fault, config.find(':')) != std::string_view::npos) return fault;
    }
    return "none";
  }

  // Another family name in the second name of a patient.
  static void Change(std::string* json) {
    const std::size_t at = json->rfind("\"family\":\"");
    if (at == std::string::npos) return;
    std::string changed(*json, 0, at + 10);  // gcc 12 takes insert() for an overlap.
    changed.push_back('X');
    changed.append(*json, at + 10);
    json->swap(changed);
  }

  const std::string fault_;
  strata::fhir::service::DataService right_;
};

}  // namespace trialtest

STRATA_PLUGIN(trialtest::OddData, "trialtest.data", "1.0.0")
