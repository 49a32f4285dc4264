#pragma once

#include <strata/context.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/data_fhir/store/hosting.h"

struct evp_mac_ctx_st;

namespace strata::fhir::store {

// Page tokens: what a client must bring back to go on, sealed with a secret that all nodes of a
// store share (an M row), so that no state is kept and nobody can write one. Text of a URL needs no
// escaping in them. Thread-safe.
class PageTokens final {
 public:
  explicit PageTokens(const Hosting& hosting) : hosting_(hosting) {}

  // Makes the store's secret, or reads it: a store that is full later, or only read, has one then.
  Status Prepare(const Context& cx);

  // `purpose` binds the token to the request that it goes on with ("history Patient/42").
  Result<std::string> Seal(const Context& cx, std::string_view purpose, std::string_view payload);
  // INVALID_ARGUMENT: not made by this store for this purpose.
  Result<std::string> Open(const Context& cx, std::string_view purpose, std::string_view token);

 private:
  struct FreeMac {
    void operator()(evp_mac_ctx_st* mac) const;
  };

  Result<std::string> SealOf(const Context& cx, std::string_view purpose, std::string_view payload);
  Status FindSecret(const Context& cx) STRATA_REQUIRES(mutex_);
  Status TakeSecret(std::string_view secret) STRATA_REQUIRES(mutex_);

  const Hosting& hosting_;
  base::Mutex mutex_;
  std::unique_ptr<evp_mac_ctx_st, FreeMac> mac_ STRATA_GUARDED_BY(mutex_);  // with the secret
};

}  // namespace strata::fhir::store
