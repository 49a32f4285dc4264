#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/host/routes.h"

namespace strata::host {

inline constexpr std::string_view kDigitalService = "strata.service.v1.DigitalService";

// What a digital service answered to Describe.
struct ServiceDescription {
  std::string title;
  std::vector<HttpRoute> routes;  // Without their handles.
  std::vector<MenuItem> menu;
};

// Parses a serialized strata.service.v1.DescribeResponse. INVALID_ARGUMENT: it does not parse, a
// route does not start with "/" or is for an unknown audience.
Result<ServiceDescription> ParseDescription(std::string_view message);

// One slot of the generation to build.
struct RoutedSlot {
  std::shared_ptr<Instance> instance;           // shared: as SlotRoute.
  const ServiceDescription* service = nullptr;  // Of digital services, once described.
};

// A generation of these slots. `chosen` is the slot's name per service for callers who name none;
// where it is absent or does not run, the only provider is.
std::unique_ptr<Routes> BuildRoutes(const std::vector<RoutedSlot>& slots,
                                    const std::map<std::string, std::string, std::less<>>& chosen,
                                    MethodNames& names);

}  // namespace strata::host
