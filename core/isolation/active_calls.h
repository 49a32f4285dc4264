#pragma once

#include <strata/cancel.h>

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"

namespace strata::isolation {

// The calls that one isolated process serves now, by the tokens that it was given for them. A token
// is 16 random bytes, means nothing to any other process and is void once its call has ended, so
// the process can act for those whom it serves, as long as it serves them, and for nobody else.
// Thread-safe.
class ActiveCalls final {
 public:
  // Names a call, which stays valid until Remove has returned.
  std::string Add(strata_call* call);
  // Voids the token, cancels what still runs on behalf of the call and waits for its end.
  void Remove(const std::string& token);

  // The call that `token` names, kept valid until Unuse; null: it names none. `nested` is the call
  // that is made on its behalf.
  strata_call* Use(const std::string& token, CancelSource* nested);
  void Unuse(const std::string& token, CancelSource* nested);

 private:
  struct Entry {
    strata_call* call = nullptr;
    bool ending = false;
    std::vector<CancelSource*> nested;
  };

  std::string NewToken() STRATA_REQUIRES(mutex_);

  base::Mutex mutex_;
  base::CondVar unused_;
  std::unordered_map<std::string, Entry> entries_ STRATA_GUARDED_BY(mutex_);
  std::array<char, 4096> entropy_ STRATA_GUARDED_BY(mutex_){};
  std::size_t entropy_left_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::isolation
