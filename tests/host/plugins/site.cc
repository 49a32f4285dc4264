// A digital service with two routes for clients and one for operators.
#include <strata/plugin.h>

#include "strata/service/v1/service.strata.h"

namespace hosttest {

namespace v1 = strata::service::v1;

class Site final : public v1::DigitalServiceService {
 public:
  Site(strata::Host host, std::string_view) : host_(host) {}

  strata::Status Describe(strata::Context&, const v1::DescribeRequest&,
                          v1::DescribeResponse* response) override {
    const std::string slot(host_.Slot());
    v1::Route* const page = response->add_routes();
    page->set_path("/" + slot);
    page->add_scopes("patient/*.rs");
    page->add_methods("GET");
    page->set_max_body_bytes(10);
    v1::Route* const deep = response->add_routes();
    deep->set_path("/shared/" + slot.substr(0, 4));
    deep->set_long_lived(true);
    v1::Route* const back = response->add_routes();
    back->set_path("/" + slot + "/office");
    back->set_audience(v1::AUDIENCE_OPERATORS);
    v1::MenuEntry* const office = response->add_menu();
    office->set_label(slot + " office");
    office->set_path(back->path());
    office->set_audience(v1::AUDIENCE_OPERATORS);
    v1::MenuEntry* const entry = response->add_menu();
    entry->set_label(slot);
    entry->set_path("/" + slot);
    entry->set_order(slot == "site" ? 2 : 1);
    return {};
  }

 private:
  strata::Host host_;
};

}  // namespace hosttest

STRATA_PLUGIN(hosttest::Site, "hosttest.site", "1.0.0")
