#include "core/gateway/http_core.h"

#include <random>
#include <utility>

namespace strata::gateway {
namespace {

std::string RandomPrefix() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string prefix;
  for (int i = 0; i < 8; ++i) prefix.push_back(kDigits[random() & 15]);
  return prefix + "-";
}

}  // namespace

HttpCore::HttpCore(HttpOptions http_options, host::Ingress* host)
    : options(std::move(http_options)),
      ingress(*host),
      table(options.max_connections, options.total_buffer_bytes),
      queue(options.queued_requests),
      request_prefix(RandomPrefix()) {}

std::string_view HttpScratch::Menu(const host::Pin& pin) {
  if (pin.generation() != menu_generation) {
    menu = EncodeMenu(pin.Menu());
    menu_generation = pin.generation();
  }
  return menu;
}

}  // namespace strata::gateway
