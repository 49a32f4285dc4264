#pragma once

#include <strata/context.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/hash.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/preconditions.h"
#include "plugins/data_fhir/store/request_log.h"
#include "plugins/data_fhir/store/stored_json.h"
#include "plugins/data_fhir/store/write_set.h"

// The parts that the changing interactions share (writer.cc). Thread-safe; block.
namespace strata::fhir::store {

inline constexpr std::uint16_t kStatusOk = 200;
inline constexpr std::uint16_t kStatusCreated = 201;
inline constexpr std::uint16_t kStatusNoContent = 204;

// A request with everything that it says but its id, by which a repeated one is known.
template <typename Request>
RequestName NameOf(const Request& request) {
  if (request.request_id().empty()) return {};
  return {request.request_id(), layout::Hash64(request.SerializeAsString())};
}

// Whether the change of that name has been carried out; false also when that cannot be found out.
bool IsDone(Store& store, const Context& cx, const RequestName& name);

// Runs `once` until it has not lost against other writers. `once` begins by looking whether the
// change was carried out, so one with a name is begun again, once, when the store broke off during
// it (UNAVAILABLE: its process ended), and when the same change, sent twice at the same time, was
// carried out behind that look: what refuses it may be its own doing.
template <typename F>
Status Repeat(Store& store, const Context& cx, const RequestName& name, F&& once) {
  bool knows_itself = !name.id.empty();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Status status = once();
    if (status.ok()) return status;
    const bool again = status.code() == Code::kAborted ||
                       (std::exchange(knows_itself, false) &&
                        (status.code() == Code::kUnavailable || IsDone(store, cx, name)));
    if (!again) return status;
    if (cx.Cancelled()) return Cancelled("the caller is gone");
  }
  return TooBusy();
}

// Answers as the first call with this request_id did; false when this is the first.
Result<bool> Replay(Store& store, const Context& cx, const RequestName& name,
                    data::v1::WriteResponse* response);

// What one commit does.
struct Change {
  std::vector<Write> writes;
  std::optional<ConditionGuard> guard;
  std::uint16_t status = kStatusOk;
};
// ABORTED: others were faster.
Status CommitChange(Store& store, const Context& cx, const RequestName& name, Change* change);

// The next version of a resource, as the client wants it.
Write MakeWrite(Store& store, ResourceKey key, Current current, const ClientResource& resource);

// Commits one write and answers with it.
Status StoreOne(Store& store, const Context& cx, const RequestName& name, Write write,
                std::optional<ConditionGuard> guard, data::v1::WriteResponse* response);

// Answers with what is stored.
Status AnswerExisting(Store& store, const Context& cx, const ResourceKey& key,
                      data::v1::WriteResponse* response);

}  // namespace strata::fhir::store
