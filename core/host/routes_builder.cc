#include "core/host/routes_builder.h"

#include <algorithm>
#include <set>

#include "core/host/bindings.h"
#include "core/host/instance.h"
#include "core/sdk/strata/abi.h"
#include "strata/service/v1/service.pb.h"

namespace strata::host {
namespace {

SlotRoute MakeSlotRoute(const std::shared_ptr<Instance>& instance, MethodNames& names) {
  SlotRoute route;
  route.instance = instance;
  for (std::uint32_t i = 0; i < instance->method_count(); ++i) {
    const std::uint32_t id = names.Intern(abi::View(instance->method(i).full_name));
    if (route.method_index.size() <= id) route.method_index.resize(id + 1, -1);
    route.method_index[id] = static_cast<std::int32_t>(i);
  }
  return route;
}

std::set<std::string> ServicesOf(const Instance& instance) {
  std::set<std::string> out;
  for (std::uint32_t i = 0; i < instance.method_count(); ++i) {
    out.emplace(ServiceOf(abi::View(instance.method(i).full_name)));
  }
  return out;
}

void AddHttp(const RoutedSlot& slot, Routes* out) {
  const std::int32_t handle =
      slot.instance->MethodIndex("/" + std::string(kDigitalService) + "/Handle");
  if (slot.service == nullptr || handle < 0) return;
  for (HttpRoute route : slot.service->routes) {
    route.handle =
        out->MakeTarget(slot.instance->slot_number(), static_cast<std::uint32_t>(handle));
    route.handle.endless = route.long_lived;
    std::vector<HttpRoute>& routes = out->Site(route.audience).routes;
    routes.push_back(std::move(route));
  }
  for (const MenuItem& item : slot.service->menu) out->Site(item.audience).menu.push_back(item);
}

Audience AudienceOf(service::v1::Audience audience) {
  return audience == service::v1::AUDIENCE_OPERATORS ? Audience::kOperators : Audience::kClients;
}

}  // namespace

Result<ServiceDescription> ParseDescription(std::string_view message) {
  service::v1::DescribeResponse parsed;
  if (!parsed.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return InvalidArgument("Describe answered with something that is no DescribeResponse");
  }
  ServiceDescription out;
  out.title = parsed.title();
  for (const auto& route : parsed.routes()) {
    if (!route.path().starts_with('/')) {
      return InvalidArgument("Describe: a route must start with \"/\"");
    }
    if (!service::v1::Audience_IsValid(route.audience())) {
      // A stricter audience of a later contract must not be shown to everybody.
      return InvalidArgument("Describe: route " + route.path() +
                             " is for an audience that this core does not know");
    }
    HttpRoute& to = out.routes.emplace_back();
    to.path = route.path();
    to.scopes.assign(route.scopes().begin(), route.scopes().end());
    to.methods.assign(route.methods().begin(), route.methods().end());
    to.max_body_bytes = route.max_body_bytes();
    to.long_lived = route.long_lived();
    to.audience = AudienceOf(route.audience());
  }
  for (const auto& entry : parsed.menu()) {
    out.menu.push_back({entry.label(), entry.path(), entry.order(), AudienceOf(entry.audience())});
  }
  return out;
}

std::unique_ptr<Routes> BuildRoutes(const std::vector<RoutedSlot>& slots,
                                    const std::map<std::string, std::string, std::less<>>& chosen,
                                    MethodNames& names) {
  auto out = std::make_unique<Routes>();
  for (const RoutedSlot& slot : slots) {
    const std::uint32_t number = slot.instance->slot_number();
    if (out->slots.size() <= number) out->slots.resize(number + 1);
    out->slots[number] = MakeSlotRoute(slot.instance, names);
    for (const std::string& service : ServicesOf(*slot.instance)) {
      ServiceRoute& route = out->services[service];
      route.slots.push_back(number);
      const auto wanted = chosen.find(service);
      if (wanted != chosen.end() && wanted->second == slot.instance->slot()) {
        route.chosen = static_cast<std::int32_t>(number);
      }
    }
  }
  for (auto& [service, route] : out->services) {
    if (route.slots.size() == 1) route.chosen = static_cast<std::int32_t>(route.slots[0]);
  }
  for (const RoutedSlot& slot : slots) AddHttp(slot, out.get());
  for (HttpSite& site : out->sites) {
    std::stable_sort(site.menu.begin(), site.menu.end(),
                     [](const MenuItem& a, const MenuItem& b) { return a.order < b.order; });
  }
  return out;
}

}  // namespace strata::host
