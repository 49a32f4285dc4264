#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "storage/api/engine.h"
#include "strata/context.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "strata/stream.h"

namespace strata::storage::service {

// Serves one Watch: packs commits into messages of bounded size and waits for new ones.
// Single-threaded.
class WatchStream {
 public:
  WatchStream(Engine* engine, Context* context, const hosting::v1::WatchRequest* request,
              Writer<hosting::v1::WatchResponse>* writer);

  // Until the client goes, the deadline passes, or the end when that was asked for. Errors are
  // Engine::ReadFeed's; CANCELLED; DEADLINE_EXCEEDED.
  Status Run();

 private:
  Status Add(const CommitEvent& event);
  hosting::v1::CommitEvent* BeginEvent(const CommitEvent& event);
  Status AddChange(const Change& change, hosting::v1::Change* out);
  Status Flush(Version up_to);
  Status Wait();

  Engine* const engine_;
  Context* const context_;
  const hosting::v1::WatchRequest* const request_;
  Writer<hosting::v1::WatchResponse>* const writer_;
  Version up_to_ = 0;
  hosting::v1::WatchResponse response_;
  std::size_t bytes_ = 0;
};

// CANCELLED or DEADLINE_EXCEEDED when the call is over, else OK.
Status CheckLive(const Context& context);

}  // namespace strata::storage::service
