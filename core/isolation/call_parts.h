#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "strata/isolation/v1/isolation.pb.h"

// What a strata_call carries beside its messages, between the call and what the two sides send.
namespace strata::isolation {

using Pairs = google::protobuf::RepeatedPtrField<v1::Pair>;

// Views: they live as long as the pairs do.
std::vector<strata_kv> KvsOf(const Pairs& pairs);
void AddPairs(std::span<const strata_kv> kvs, Pairs* to);
void AddPair(std::string_view key, std::string_view value, Pairs* to);

// Each gives the caller what its function table has room for, on the thread that serves `c`.
void PassTrailers(const Pairs& trailers, strata_call* c);
// Both return the code.
strata_code PassStatus(strata_code code, std::string_view message, std::string_view details,
                       strata_call* c);
strata_code PassEnd(const v1::CallEnd& end, strata_call* c);

}  // namespace strata::isolation
