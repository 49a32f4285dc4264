#include "core/isolation/call_parts.h"

#include <string>

#include "core/sdk/strata/abi.h"

namespace strata::isolation {

std::vector<strata_kv> KvsOf(const Pairs& pairs) {
  std::vector<strata_kv> out;
  out.reserve(static_cast<std::size_t>(pairs.size()));
  for (const v1::Pair& pair : pairs) {
    out.push_back({abi::Str(pair.key()), abi::Bytes(pair.value())});
  }
  return out;
}

void AddPairs(std::span<const strata_kv> kvs, Pairs* to) {
  for (const strata_kv& kv : kvs) AddPair(abi::View(kv.key), abi::View(kv.value), to);
}

void AddPair(std::string_view key, std::string_view value, Pairs* to) {
  v1::Pair* const pair = to->Add();
  pair->set_key(std::string(key));
  pair->set_value(std::string(value));
}

void PassTrailers(const Pairs& trailers, strata_call* c) {
  if (c->ops->set_trailer == nullptr) return;
  for (const strata_kv& kv : KvsOf(trailers)) c->ops->set_trailer(c, &kv);
}

strata_code PassStatus(strata_code code, std::string_view message, std::string_view details,
                       strata_call* c) {
  if (code == STRATA_OK || c->ops->set_status == nullptr) return code;
  const strata_status status{sizeof(strata_status), code, abi::Str(message), abi::Bytes(details)};
  c->ops->set_status(c, &status);
  return code;
}

strata_code PassEnd(const v1::CallEnd& end, strata_call* c) {
  PassTrailers(end.trailers(), c);
  return PassStatus(end.code(), end.message(), end.details(), c);
}

}  // namespace strata::isolation
