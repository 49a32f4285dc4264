#include "plugins/data_fhir/store/store.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/hosting_view.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::store {

Store::Store(hosting::v1::HostingClient client, std::function<std::int64_t()> clock, Find search)
    : hosting(std::move(client)),
      definitions(hosting),
      records(hosting, codec, definitions),
      numbers(hosting),
      tokens(hosting),
      now_us(std::move(clock)),
      find(std::move(search)) {}

std::string NewId() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    if (id.size() == 8 || id.size() == 13 || id.size() == 18 || id.size() == 23) id.push_back('-');
    id.push_back(kHex[byte >> 4]);
    id.push_back(kHex[byte & 0xf]);
  }
  return id;
}

void FillResource(const Version& version, data::v1::Resource* resource) {
  resource->set_type(std::string(layout::TypeNameOf(version.header.type)));
  resource->set_id(version.header.id);
  resource->set_version_id(std::to_string(version.header.version_id));
  resource->set_last_updated_us(version.header.last_updated_us);
  resource->set_change(static_cast<data::v1::Change>(version.header.change));
  resource->set_json(version.json);
}

Result<ResourceKey> CheckKey(std::string_view type, std::string_view id) {
  ResourceKey key{layout::TypeNumberOf(type), std::string(id)};
  if (key.type == 0) return UnknownType(type);
  if (!IsValidId(id)) return BadId(std::string(type).append(".id"));
  return key;
}

Result<std::optional<ResourceKey>> FindOne(Store& store, const Context& cx, std::string_view type,
                                           const Parameters& condition) {
  if (condition.empty()) {
    return Fault(Code::kInvalidArgument, "required",
                 "a conditional interaction needs at least one search parameter");
  }
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store.hosting.LatestVersion(cx));
  HostingView view(store.records, cx, latest);
  STRATA_ASSIGN_OR_RETURN(const auto numbers, store.find(view, type, condition, 2));
  if (numbers.size() > 1) {
    return Fault(Code::kFailedPrecondition, "multiple-matches",
                 "the condition matches more than one resource");
  }
  std::optional<ResourceKey> key;
  STRATA_RETURN_IF_ERROR(view.ReadResources(
      numbers, /*with_json=*/false, [&](std::size_t, const layout::StoredResource& resource) {
        if (resource.header != nullptr) key = {resource.header->type, resource.header->id};
        return OkStatus();
      }));
  return key;
}

}  // namespace strata::fhir::store
