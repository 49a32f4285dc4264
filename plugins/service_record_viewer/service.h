#pragma once

#include <strata/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assets.h"
#include "core/base/form.h"
#include "plugins/service_record_viewer/config.h"
#include "plugins/service_record_viewer/page.h"
#include "plugins/service_record_viewer/seal.h"
#include "strata/data/v1/data.strata.h"
#include "strata/service/v1/service.strata.h"

namespace strata::record_viewer {

// The record viewer: pages at "/", "/search" and "/record", files at "/assets". Holds no state of
// any request. Thread-safe.
class ViewerService final : public service::v1::DigitalServiceService {
 public:
  // Throws StatusError when the configuration or the package is not right.
  ViewerService(Host host, std::string_view config_json);

  Status Describe(Context& context, const service::v1::DescribeRequest& request,
                  service::v1::DescribeResponse* response) override;
  Status Handle(Context& context, Reader<service::v1::HandleRequest>& reader,
                Writer<service::v1::HandleResponse>& writer) override;

 private:
  struct Exchange;
  struct Answer;

  Answer Route(const Exchange& exchange) const;
  Answer AssetAnswer(const Exchange& exchange, std::string_view name) const;
  Answer HomeAnswer(const Exchange& exchange) const;
  Answer SearchAnswer(const Exchange& exchange) const;
  Answer MatchesAnswer(const Exchange& exchange, std::string_view token) const;
  Answer RecordAnswer(const Exchange& exchange, std::string_view rest) const;

  Answer PageAnswer(const Exchange& exchange, int status, const Page& page) const;
  Answer ErrorAnswer(const Exchange& exchange, const Status& status) const;
  Answer NotFoundAnswer(const Exchange& exchange) const;
  std::string SearchPath(const Exchange& exchange, const web::Parameters& fields,
                         std::string_view page_token) const;

  const Host host_;
  const Config config_;
  const data::v1::DataClient data_;
  const web::Assets assets_;
  const Seal seal_;
};

}  // namespace strata::record_viewer
