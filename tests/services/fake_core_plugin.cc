#include <strata/plugin.h>

#include "tests/services/fake_core.h"

namespace strata::testing {

// The made-up core as a plugin, so that a real browser can change a stack that is none.
class DemoCore final : public FakeCore {
 public:
  DemoCore(Host /*host*/, std::string_view /*config_json*/) {}
};

}  // namespace strata::testing

STRATA_PLUGIN_SERVICES(strata::testing::DemoCore, "test.core.demo", "1.0.0", "tool",
                       strata::testing::DemoCore::StrataService)
