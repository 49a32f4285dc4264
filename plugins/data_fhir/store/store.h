#pragma once

#include <strata/context.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/store/body_codec.h"
#include "plugins/data_fhir/store/definitions.h"
#include "plugins/data_fhir/store/hosting.h"
#include "plugins/data_fhir/store/number_allocator.h"
#include "plugins/data_fhir/store/page_token.h"
#include "plugins/data_fhir/store/records.h"
#include "strata/data/v1/data.pb.h"

namespace strata::fhir::store {

using Parameters = google::protobuf::RepeatedPtrField<data::v1::Parameter>;

// Resources that match a search, for conditional interactions: not more than `limit`. Errors as
// Search answers them.
using Find = std::function<Result<std::vector<layout::ResourceNumber>>(
    layout::View& view, std::string_view type, const Parameters& parameters, std::size_t limit)>;

// What every interaction needs: the layer below and the machines on top of it. Thread-safe.
struct Store final {
  Store(hosting::v1::HostingClient client, std::function<std::int64_t()> clock, Find search);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Hosting hosting;
  const BodyCodec codec;
  Definitions definitions;
  const Records records;
  NumberAllocator numbers;
  PageTokens tokens;
  const std::function<std::int64_t()> now_us;
  const Find find;
};

// Longest resource that is kept: an answer with it must fit into one message.
inline constexpr std::size_t kMaxResourceBytes = std::size_t{3} << 20;
// How often an interaction starts again because others changed what it had read. Of eight that
// write the same resource all the time each loses seven times in eight: 64 was too few once in
// 5,000.
inline constexpr int kAttempts = 1000;

// A new id: a random UUID (RFC 9562 version 4).
std::string NewId();

// The version as a message of the contract.
void FillResource(const Version& version, data::v1::Resource* resource);

// Checks the type and id of a request. Errors of fault.h.
Result<ResourceKey> CheckKey(std::string_view type, std::string_view id);

// Searches for the resource of a conditional interaction: nothing, or the only match. Errors:
// FAILED_PRECONDITION several match; INVALID_ARGUMENT no parameter is given.
Result<std::optional<ResourceKey>> FindOne(Store& store, const Context& cx, std::string_view type,
                                           const Parameters& condition);

}  // namespace strata::fhir::store
