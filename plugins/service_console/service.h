#pragma once

#include <strata/plugin.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assets.h"
#include "core/base/form.h"
#include "plugins/service_console/core.h"
#include "plugins/service_console/page.h"
#include "plugins/service_console/rates.h"
#include "plugins/service_console/session.h"
#include "plugins/service_console/view.h"
#include "strata/service/v1/service.strata.h"

namespace strata::console {

// The operator's console: pages and files at "/" of the operators' port. Keeps nothing of a request
// but the last few readings of the call counters. Thread-safe.
class ConsoleService final : public service::v1::DigitalServiceService {
 public:
  // Throws StatusError when the configuration or the package is not right.
  ConsoleService(Host host, std::string_view config_json);

  Status Describe(Context& context, const service::v1::DescribeRequest& request,
                  service::v1::DescribeResponse* response) override;
  Status Handle(Context& context, Reader<service::v1::HandleRequest>& reader,
                Writer<service::v1::HandleResponse>& writer) override;

 private:
  struct Exchange;
  struct Answer;

  Answer Route(Context& context, Exchange& exchange);
  Page Post(Context& context, const Exchange& exchange);
  View MakeView(Context& context, const Exchange& exchange);
  Answer AssetAnswer(const Exchange& exchange, std::string_view name) const;
  Answer LiveAnswer(const View& view, const Exchange& exchange) const;
  Answer PageAnswer(const Exchange& exchange, const Page& page) const;
  Page Failed(const Exchange& exchange, const Status& status) const;

  const Host host_;
  const std::string product_;
  const Core core_;
  const web::Assets assets_;
  const Sessions sessions_;
  RateMeter rates_;
};

}  // namespace strata::console
