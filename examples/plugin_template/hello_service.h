#pragma once

#include <strata/plugin.h>

#include <string>

#include "strata/service/v1/service.strata.h"

namespace hello {

// A digital service with one public page, /hello. Thread-safe.
class HelloService final : public strata::service::v1::DigitalServiceService {
 public:
  // `config_json` is this slot's configuration from the stack file.
  HelloService(strata::Host host, std::string_view config_json);

  strata::Status Describe(strata::Context& cx, const strata::service::v1::DescribeRequest& request,
                          strata::service::v1::DescribeResponse* response) override;

  // INVALID_ARGUMENT: the exchange did not start with a head.
  strata::Status Handle(strata::Context& cx,
                        strata::Reader<strata::service::v1::HandleRequest>& reader,
                        strata::Writer<strata::service::v1::HandleResponse>& writer) override;

 private:
  strata::Host host_;
  strata::Metric pages_;
};

}  // namespace hello
