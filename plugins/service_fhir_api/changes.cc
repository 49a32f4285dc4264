#include "plugins/service_fhir_api/changes.h"

#include <cstdint>
#include <cstdio>
#include <random>

#include "strata/common/v1/common.pb.h"

namespace strata::fhir_api {
namespace {

constexpr std::uint64_t kOffset = 14695981039346656037ULL;

std::uint64_t Fnv(std::string_view text, std::uint64_t hash) {
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return (hash ^ 0xFF) * 1099511628211ULL;  // so that "a" + "bc" is not "ab" + "c"
}

// For calls that no gateway has named: 128 random bits.
std::string RandomId() {
  std::random_device random;
  char text[40];
  std::snprintf(text, sizeof(text), "%08x-%08x-%08x-%08x", random(), random(), random(), random());
  return text;
}

std::string RequestId(const Context& context) {
  common::v1::AuthContext auth;
  const std::string_view bytes = context.Auth();
  auth.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (auth.request_id().empty()) return RandomId();
  return auth.issuer() + "|" + auth.subject() + "|" + auth.request_id();
}

}  // namespace

std::string ChangeId(const Exchange& exchange, std::string_view body) {
  std::uint64_t hash = kOffset;
  for (const std::string_view part :
       {std::string_view(exchange.head.method()), std::string_view(exchange.head.path()),
        std::string_view(exchange.head.query()), exchange.Header("if-none-exist"),
        exchange.Header("if-match"), body}) {
    hash = Fnv(part, hash);
  }
  char text[24];
  std::snprintf(text, sizeof(text), "/%016llx", static_cast<unsigned long long>(hash));
  return RequestId(exchange.context) + text;
}

}  // namespace strata::fhir_api
