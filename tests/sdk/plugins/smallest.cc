// The smallest plugin: one method, nothing else.
#include <strata/plugin.h>

#include "sdktest/v1/store.strata.h"

struct Smallest final : sdktest::v1::StoreService {
  Smallest(strata::Host, std::string_view) {}
  strata::Status Get(strata::Context&, const sdktest::v1::GetRequest& request,
                     sdktest::v1::Record* record) override {
    record->set_id(request.id());
    return {};
  }
};
STRATA_PLUGIN(Smallest, "sdktest.smallest", "1.0.0")
