#pragma once

#include <strata/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/service_fhir_api/config.h"
#include "plugins/service_fhir_api/exchange.h"
#include "strata/data/v1/data.strata.h"
#include "strata/service/v1/service.strata.h"

namespace strata::fhir_api {

// The FHIR R4 REST API (http.html) over the data contract. Holds no state of any request.
// Thread-safe.
class FhirApiService final : public service::v1::DigitalServiceService {
 public:
  // Throws StatusError when the configuration is not right.
  FhirApiService(Host host, std::string_view config_json);

  Status Describe(Context& context, const service::v1::DescribeRequest& request,
                  service::v1::DescribeResponse* response) override;
  Status Handle(Context& context, Reader<service::v1::HandleRequest>& reader,
                Writer<service::v1::HandleResponse>& writer) override;

 private:
  // Understands the request; then calls the interaction.
  Status Negotiate(Exchange& exchange) const;
  Status Dispatch(Exchange& exchange) const;
  Status DispatchGet(Exchange& exchange) const;
  Status DispatchPost(Exchange& exchange) const;

  // Each answers the exchange, or returns why not; interactions.cc, search.cc, write.cc, ...
  Status Metadata(Exchange& exchange) const;
  Status Read(Exchange& exchange) const;
  Status History(Exchange& exchange) const;
  Status Search(Exchange& exchange) const;
  Status Explain(Exchange& exchange, const data::v1::SearchRequest& request) const;
  Status SearchByPost(Exchange& exchange) const;
  Status Create(Exchange& exchange) const;
  Status Update(Exchange& exchange) const;
  Status Patch(Exchange& exchange) const;
  Status Delete(Exchange& exchange) const;
  Status Transaction(Exchange& exchange) const;
  Status Operate(Exchange& exchange) const;

  const Host host_;
  const Config config_;
  const data::v1::DataClient data_;
  const std::int64_t started_us_;
};

}  // namespace strata::fhir_api
